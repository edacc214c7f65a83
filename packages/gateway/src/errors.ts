import { type ErrorTable, errorFactory } from '@millrace/base'

export const gatewayErrors = {
  GATEWAY_PORT_IN_USE: {
    retriable: false,
    cause: 'Another process listens on the port that the gateway was given.',
    remedy: 'End that process, or choose another port with --gateway-port (0 takes a free one).',
  },
  GATEWAY_HOST_UNAVAILABLE: {
    retriable: false,
    cause: 'The gateway cannot listen on the address and port that it was given.',
    remedy: 'Give --gateway-host an address of this machine and --gateway-port a port that this user may open.',
  },
  GATEWAY_BAD_REQUEST: {
    retriable: false,
    cause: 'An HTTP request, or a path or query parameter of it, has a form that cannot be used.',
    remedy: 'Mend the part that the message names; a key is percent-encoded, from and to of windows are milliseconds.',
  },
  GATEWAY_ANSWER_TOO_LARGE: {
    retriable: false,
    cause: 'More windows lie between the bounds than one answer may hold.',
    remedy: 'Move from and to closer together, or ask for single keys.',
  },
  GATEWAY_INTERNAL: {
    retriable: false,
    cause: 'The gateway met an error that it did not expect.',
    remedy: 'Report it with the request that caused it.',
  },
  GATEWAY_NOT_FOUND: {
    retriable: false,
    cause: 'The path of an HTTP request is not one that the gateway serves.',
    remedy: 'The paths are /stores, /stores/<name>, /stores/<name>/<key>, /connectors, /metrics, /livez and /readyz.',
  },
  STORE_NOT_FOUND: {
    retriable: false,
    cause: 'No application of this process has a store of that name.',
    remedy: 'GET /stores lists the stores; a store is named where the topology counts, reduces, aggregates or joins.',
  },
  KEY_NOT_FOUND: {
    retriable: false,
    cause: 'The store has no entry for the key.',
    remedy: 'Nothing, if the key was never written or was deleted; a write may also still be on its way.',
  },
  STATE_UNAVAILABLE: {
    retriable: true,
    cause: 'The partition of the store that holds the key is being moved, restored, or its owner does not answer.',
    remedy: 'Ask again after the time in the Retry-After header.',
  },
} as const satisfies ErrorTable

export const gatewayError = errorFactory(gatewayErrors)

/** HTTP status of each code; a code that is not here is a fault of ours, 500. */
export const httpStatus: Readonly<Partial<Record<string, number>>> = {
  GATEWAY_BAD_REQUEST: 400,
  GATEWAY_ANSWER_TOO_LARGE: 400,
  GATEWAY_NOT_FOUND: 404,
  STORE_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  STATE_UNAVAILABLE: 503,
}
