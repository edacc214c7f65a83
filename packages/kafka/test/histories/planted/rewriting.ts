import {
  type Api,
  apis,
  batchesIn,
  decodeMessage,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  type FetchResponse,
  type MessageInput,
} from '@millrace/protocol'
import type { Machine } from '../simulation/machine.ts'
import type { Tamper } from '../simulation/network.ts'

/** Rewrites the requests of one API; undefined leaves one as it is. */
export function rewriteRequests<Request, Response>(
  api: Api<Request, Response>,
  change: (body: Request, context: { version: number; machine: Machine }) => Request | undefined,
): Tamper {
  return {
    request(frame, machine) {
      const { apiKey, apiVersion: version, correlationId, clientId, bodyOffset } = decodeRequestHeader(frame)
      if (apiKey !== api.key) return undefined
      const body = change(decodeMessage(api.request, version, frame, bodyOffset), { version, machine })
      if (body === undefined) return undefined
      return { frame: encodeRequest({ api, version, correlationId, clientId, body: body as MessageInput<Request> }) }
    },
  }
}

/** Answers requests of one API instead of the broker; undefined lets one pass. */
export function answerRequests<Request, Response>(
  api: Api<Request, Response>,
  answer: (body: Request, context: { version: number; machine: Machine }) => MessageInput<Response> | undefined,
): Tamper {
  return {
    request(frame, machine) {
      const { apiKey, apiVersion: version, correlationId, bodyOffset } = decodeRequestHeader(frame)
      if (apiKey !== api.key) return undefined
      const body = answer(decodeMessage(api.request, version, frame, bodyOffset), { version, machine })
      return body === undefined ? undefined : { answer: encodeResponse({ api, version, correlationId, body }) }
    },
  }
}

/** Rewrites the answers of one API. */
export function rewriteResponses<Request, Response>(
  api: Api<Request, Response>,
  change: (body: Response, request: Request) => Response | undefined,
): Tamper {
  return {
    response(frame, response) {
      const { apiKey, apiVersion: version, bodyOffset } = decodeRequestHeader(frame)
      if (apiKey !== api.key) return response
      const { correlationId, body } = decodeResponse({ api, version, bytes: response })
      const changed = change(body, decodeMessage(api.request, version, frame, bodyOffset))
      if (changed === undefined) return response
      return encodeResponse({ api, version, correlationId, body: changed as MessageInput<Response> })
    },
  }
}

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number]

/** Rewrites what answers to Fetch say of one partition. */
export function rewriteFetched(
  change: (partition: FetchedPartition, isCommitted: boolean) => FetchedPartition,
): Tamper {
  return rewriteResponses(apis.Fetch, (body, request) => ({
    ...body,
    responses: body.responses.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((one) => change(one, request.isolationLevel === 1)),
    })),
  }))
}

/** The batches of fetched bytes, each as bytes of its own. */
export function batchesOf(records: Buffer | null): Buffer[] {
  return records === null ? [] : Array.from(batchesIn(records), (batch) => Buffer.from(batch.bytes()))
}

/** Both, the second on what the first leaves. */
export function both(first: Tamper, second: Tamper): Tamper {
  return {
    request: (frame, machine) => first.request?.(frame, machine) ?? second.request?.(frame, machine),
    response: (frame, response) => {
      const once = first.response?.(frame, response) ?? response
      return second.response?.(frame, once) ?? once
    },
  }
}

/** True every so many times. */
export function every(times: number): () => boolean {
  let count = 0
  return () => ++count % times === 0
}
