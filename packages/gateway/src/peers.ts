import type { IncomingHttpHeaders } from 'node:http'
import { isMillraceError, MillraceError } from '@millrace/base'
import type { Position } from '@millrace/streams'
import { parsePosition } from '@millrace/streams/internal'
import { gatewayError } from './errors.ts'
import { getJson, type JsonAnswer } from './peer-request.ts'

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
  /** An answer that is longer is given up. */
  readonly maxAnswerBytes?: number
}

interface PeerQuestion {
  /** How long the question lets the instance wait before it answers. */
  readonly waitMs?: number
  /** Others can be asked when it does not answer: it is given less time. */
  readonly hasOthers?: boolean
}

/** How long one is waited for when another may have the answer, too. */
const amongOthersMs = 1_000
/** How often one that has not answered is asked again; meanwhile nobody waits for it. */
const askAgainMs = 500
/** A page of rows is far smaller. */
const maxAnswerBytesDefault = 256 * 1024 * 1024

/**
 * The gateways of other instances. One that does not answer (its machine is gone, or cut off; a process that ended refuses at
 * once) would keep each question for as long as it may take: after the first, others are told at once that it is silent, and
 * one question every half second finds out whether it still is.
 */
export class Peers {
  readonly #options: PeerOptions
  /** By host: when it is asked again. */
  readonly #silent = new Map<string, number>()

  constructor(options: PeerOptions) {
    this.#options = options
  }

  /** Whether it has not answered the last question. */
  isSilent(host: string): boolean {
    return this.#silent.has(host)
  }

  /** @throws STATE_UNAVAILABLE when it does not answer in time; the error that it answers with, otherwise. */
  async ask(host: string, path: string, { waitMs = 0, hasOthers = false }: PeerQuestion = {}): Promise<PeerAnswer> {
    const nowMs = performance.now()
    if ((this.#silent.get(host) ?? 0) > nowMs) throw unanswered(host)
    if (this.#silent.has(host)) this.#silent.set(host, nowMs + askAgainMs)
    const { timeoutMs, token, maxAnswerBytes = maxAnswerBytesDefault } = this.#options
    const ownMs = hasOthers ? Math.min(timeoutMs, amongOthersMs) : timeoutMs
    let answer: JsonAnswer
    try {
      answer = await getJson(`http://${host}${path}`, {
        headers: { [forwardedHeader]: '1', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        timeoutMs: ownMs + waitMs,
        maxBytes: maxAnswerBytes,
      })
    } catch (error) {
      this.#silent.set(host, performance.now() + askAgainMs)
      throw unanswered(host, error)
    }
    this.#silent.delete(host)
    const { status, headers, body } = answer
    if (status >= 200 && status < 300) {
      return {
        body,
        position: parsePosition(headerText(headers, positionHeader)) ?? {},
        checkpoints: parseCheckpoints(headerText(headers, checkpointHeader)),
      }
    }
    throw refusal(host, status, (body ?? {}) as ErrorBody)
  }
}

function unanswered(host: string, cause?: unknown): Error {
  return gatewayError('STATE_UNAVAILABLE', `the instance at ${host} does not answer`, { host }, cause)
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

function headerText(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name]
  return typeof value === 'string' ? value : ''
}

function parseCheckpoints(text: string): ReadonlyMap<number, number> {
  if (text === '') return new Map()
  return new Map(text.split(',').map((part) => part.split(':').map(Number) as [number, number]))
}
