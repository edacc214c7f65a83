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
    cause: 'More windows, sessions or versions lie between the bounds than one answer may hold.',
    remedy: 'Move from and to closer together, or ask for single keys.',
  },
  GATEWAY_TOKEN_REQUIRED: {
    retriable: false,
    cause: 'The gateway was to listen on an address that other machines reach, and was given no token to ask them for.',
    remedy:
      'Set MILLRACE_GATEWAY_TOKEN or gateway.tokenFile to the same token on all instances; --gateway-allow-anonymous lets everybody read who reaches the address.',
  },
  GATEWAY_UNAUTHORIZED: {
    retriable: false,
    cause: 'The gateway asks for a token, and the request carries none or another one.',
    remedy:
      'Send `authorization: Bearer <token>`: the option `token` of queryClient, MILLRACE_GATEWAY_TOKEN of millrace.',
  },
  GATEWAY_ORIGIN_INVALID: {
    retriable: false,
    cause: 'What the gateway was given as an origin of pages is none, or it is * although requests carry a token.',
    remedy: 'Write scheme, host and port as the browser’s location.origin has them: https://shop.example:8443.',
  },
  GATEWAY_BUSY: {
    retriable: true,
    cause: 'As many answers are being streamed as the gateway allows.',
    remedy:
      'Come back after the time in the Retry-After header, end subscriptions that nobody reads, or raise `streamsMax`.',
  },
  GATEWAY_INTERNAL: {
    retriable: false,
    cause: 'The gateway met an error that it did not expect.',
    remedy: 'Report it with the request that caused it.',
  },
  GATEWAY_NOT_FOUND: {
    retriable: false,
    cause: 'The path of an HTTP request is not one that the gateway serves.',
    remedy:
      'The paths are /stores, /stores/<name>, /stores/<name>/<key>, /changes/<name>, /metadata/<name>, /lags, /connectors, /connector-plugins, /metrics, /livez and /readyz.',
  },
  GATEWAY_NO_CONNECT: {
    retriable: false,
    cause: 'Connectors were to be created or changed in a process that runs no Connect worker.',
    remedy: 'Give the configuration a `connect` section, or run property files: millrace run worker.properties.',
  },
  GATEWAY_READ_ONLY: {
    retriable: false,
    cause: 'Somebody who may only read has asked for a change.',
    remedy: 'Give the gateway a token and send it, or ask from the machine on which the gateway listens on loopback.',
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
  STATE_BEHIND: {
    retriable: true,
    cause: 'A read is bound to a write whose effects the store does not show yet.',
    remedy: 'Ask again after the time in the Retry-After header, or give the parameter waitMs more time.',
  },
  STATE_TOO_STALE: {
    retriable: true,
    cause:
      'No copy of the partition is as fresh as the read asks for: its owner is away and standby copies are behind.',
    remedy: 'Ask again after the time in the Retry-After header, or allow a greater lag.',
  },
} as const satisfies ErrorTable

export const gatewayError = errorFactory(gatewayErrors)

/** HTTP status of each code; a code that is not here is a fault of ours, 500. */
export const httpStatus: Readonly<Partial<Record<string, number>>> = {
  GATEWAY_BAD_REQUEST: 400,
  GATEWAY_ANSWER_TOO_LARGE: 400,
  GATEWAY_UNAUTHORIZED: 401,
  GATEWAY_BUSY: 503,
  GATEWAY_NO_CONNECT: 503,
  GATEWAY_READ_ONLY: 403,
  GATEWAY_NOT_FOUND: 404,
  STORE_NOT_FOUND: 404,
  KEY_NOT_FOUND: 404,
  STATE_UNAVAILABLE: 503,
  STATE_BEHIND: 503,
  STATE_TOO_STALE: 503,
  STREAMS_STORE_NO_CHANGES: 400,
}
