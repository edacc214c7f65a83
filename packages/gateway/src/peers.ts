import { isMillraceError, MillraceError } from '@millrace/base'
import type { Position } from '@millrace/streams'
import { parsePosition } from '@millrace/streams/internal'
import { gatewayError } from './errors.ts'

/** Marks a request that another instance passed on, so that it is answered or refused here, never passed on again. */
export const forwardedHeader = 'x-millrace-forwarded'
/** What an answer reflects at least, as `topic:partition:offset`: the bound of a later read that must not go back. */
export const positionHeader = 'x-millrace-position'
/** By partition the changelog offset behind what was read, for those who go on with the changes. */
export const checkpointHeader = 'x-millrace-checkpoint'

/** Answers that would be the same here. */
const passedOn: ReadonlySet<string> = new Set(['KEY_NOT_FOUND', 'GATEWAY_BAD_REQUEST', 'GATEWAY_ANSWER_TOO_LARGE'])
/** Answers that say "not now" more exactly. */
const notNow: ReadonlySet<string> = new Set(['STATE_BEHIND', 'STATE_TOO_STALE'])

interface ErrorBody {
  readonly code?: string
  readonly message?: string
  readonly remedy?: string
}

export interface PeerAnswer {
  readonly body: unknown
  readonly position: Position
  readonly checkpoints: ReadonlyMap<number, number>
}

export interface PeerOptions {
  readonly timeoutMs: number
  /** Sent with every request, where instances ask each other for one. */
  readonly token: string | undefined
}

/**
 * Asks another instance's gateway.
 * @throws STATE_UNAVAILABLE when it does not answer in time; the error that it answers with, otherwise.
 */
export async function askPeer(host: string, path: string, { timeoutMs, token }: PeerOptions): Promise<PeerAnswer> {
  let response: Response
  let body: unknown
  try {
    response = await fetch(`http://${host}${path}`, {
      headers: { [forwardedHeader]: '1', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      signal: AbortSignal.timeout(timeoutMs),
    })
    body = await response.json()
  } catch (error) {
    throw gatewayError('STATE_UNAVAILABLE', `the instance at ${host} does not answer`, { host }, error)
  }
  if (response.ok) {
    return {
      body,
      position: parsePosition(response.headers.get(positionHeader) ?? '') ?? {},
      checkpoints: parseCheckpoints(response.headers.get(checkpointHeader)),
    }
  }
  throw refusal(host, response.status, (body ?? {}) as ErrorBody)
}

function refusal(host: string, status: number, answer: ErrorBody): Error {
  const { code, message = `the instance at ${host} answered ${status}`, remedy } = answer
  if (code !== undefined && passedOn.has(code)) {
    return new MillraceError(code, message, { retriable: false, remedy: remedy ?? '', fields: { host } })
  }
  if (code !== undefined && notNow.has(code)) {
    return gatewayError(code as 'STATE_BEHIND' | 'STATE_TOO_STALE', message, { host })
  }
  // Anything else is about that instance, not about the question: it may be starting, or another server has its port now.
  return gatewayError('STATE_UNAVAILABLE', `the instance at ${host} cannot answer: ${message}`, { host })
}

/** Whether another copy may be able to answer. */
export function isNotNow(error: unknown): boolean {
  return isMillraceError(error) && (error.code === 'STATE_UNAVAILABLE' || notNow.has(error.code))
}

export function checkpointText(checkpoints: ReadonlyMap<number, number>): string {
  return [...checkpoints].map(([partition, offset]) => `${partition}:${offset}`).join(',')
}

function parseCheckpoints(text: string | null): ReadonlyMap<number, number> {
  if (!text) return new Map()
  return new Map(text.split(',').map((part) => part.split(':').map(Number) as [number, number]))
}
