import { type Clock, type Random, sleep } from '@millrace/base'
import { backoffMs } from '@millrace/base/internal'
import type { Addresses } from './addresses.ts'
import { queryError } from './errors.ts'

export type Fetch = (url: string, init: { headers: Record<string, string>; signal: AbortSignal }) => Promise<Response>

export interface TransportOptions {
  readonly addresses: Addresses
  /** Where an address is asked who else there is. */
  readonly metadataPath: string
  readonly fetch: Fetch
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly maxResponseBytes: number
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly random: Random
}

/** A decoded answer: the body of a 200, or undefined for a key that is not there. */
export type Ask = (path: string, signal?: AbortSignal) => Promise<unknown>

/** One try at one address. `again` failures are tried elsewhere and later; an error thrown by a try is final. */
type Outcome<T> = { readonly body: T } | { readonly again: unknown; readonly waitMs: number }

/** Tries the addresses until one gives an answer. */
export type AnyOf = <T>(
  attempt: (url: string, remainingMs: number) => Promise<Outcome<T>>,
  signal: AbortSignal | undefined,
) => Promise<T>

const backoff = { delayMsMin: 50, delayMsMax: 2_000 }
/** Statuses that say "not now": too many requests, and what gateways and proxies answer for an instance that is away. */
const temporary = new Set([408, 425, 429, 502, 503, 504])

/**
 * Asks the addresses in turn, beginning with the one that answered last, until one answers or the deadline has passed.
 * After each round of failures it waits, as long as `retry-after` says or with growing pauses.
 */
export function anyOf(options: TransportOptions): AnyOf {
  const { addresses, clock } = options
  let preferred = 0
  return async (attempt, signal) => {
    const endMs = clock.now() + options.deadlineMs
    let lastFailure: unknown
    for (let round = 1; ; round++) {
      let waitMs = 0
      const urls = addresses.all
      for (const _ of urls) {
        signal?.throwIfAborted()
        const remainingMs = endMs - clock.now()
        if (remainingMs <= 0) break
        const url = urls[preferred % urls.length]!
        const outcome = await attempt(url, remainingMs)
        if ('body' in outcome) {
          if (addresses.isDue()) void learn(url, options)
          return outcome.body
        }
        lastFailure = moreTelling(outcome.again, lastFailure)
        waitMs = Math.max(waitMs, outcome.waitMs)
        preferred = (preferred + 1) % urls.length
      }
      const pauseMs = Math.max(waitMs, backoffMs(round, backoff, options.random))
      if (clock.now() + pauseMs >= endMs) {
        throw unavailable(urls, options.deadlineMs, round * urls.length, lastFailure)
      }
      await sleep(clock, pauseMs, signal)
    }
  }
}

/** An answer says more than silence: the last try is often cut off by the deadline alone. */
function moreTelling(failure: unknown, before: unknown): unknown {
  return before instanceof NotNow && !(failure instanceof NotNow) ? before : failure
}

/** Who was answered "not now" is told why: a read may be bound to a write that is never seen. */
function unavailable(urls: readonly string[], deadlineMs: number, attempts: number, lastFailure: unknown): Error {
  const within = `from ${urls.join(', ')} within ${deadlineMs} ms`
  if (!(lastFailure instanceof NotNow)) {
    return queryError('QUERY_UNAVAILABLE', `no answer ${within}`, { attempts }, lastFailure)
  }
  const { message, status, serverCode } = lastFailure
  const fields = { attempts, status, ...(serverCode !== undefined && { serverCode }) }
  return queryError('QUERY_UNAVAILABLE', `only refusals ${within}; the last: ${message}`, fields, lastFailure)
}

export function askAnyOf(options: TransportOptions, any: AnyOf): Ask {
  return (path, signal) =>
    any(
      (url, remainingMs) => tryOnce(`${url}${path}`, remainingMs, { options, accept: 'application/json', signal }),
      signal,
    )
}

/** Beside the call that found the address alive, which does not wait for it; what goes wrong changes nothing. */
async function learn(url: string, options: TransportOptions): Promise<void> {
  const asked = { options, accept: 'application/json', signal: undefined }
  try {
    const outcome = await tryOnce(`${url}${options.metadataPath}`, options.timeoutMs, asked)
    if ('body' in outcome && outcome.body !== undefined) options.addresses.learn(url, outcome.body)
  } catch {
    // A gateway that does not tell is no reason to fail.
  }
}

interface Try {
  readonly options: TransportOptions
  readonly accept: string
  readonly signal: AbortSignal | undefined
}

function tryOnce(url: string, remainingMs: number, { options, accept, signal }: Try): Promise<Outcome<unknown>> {
  return withinTime(url, remainingMs, { options, accept, signal }, async (response) =>
    // Within the time limit too: a body can be as slow as an answer.
    decide(url, response, await readBody(url, response, options.maxResponseBytes), options.clock),
  )
}

/** An answer that goes on: its body is read by whoever asked. */
export interface OpenAnswer {
  readonly url: string
  readonly response: Response
  /** Ends the request. */
  close(): void
}

export type Open = (path: string, accept: string, signal?: AbortSignal) => Promise<OpenAnswer>

/** As `askAnyOf`, for answers that are read as they come. */
export function openAnyOf(options: TransportOptions, any: AnyOf): Open {
  return (path, accept, signal) =>
    any(async (base, remainingMs) => {
      const ended = new AbortController()
      const url = `${base}${path}`
      const both = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal
      return withinTime(url, remainingMs, { options, accept, signal: both }, async (response) => {
        if (response.status === 200) return { body: { url, response, close: () => ended.abort() } }
        const outcome = decide(url, response, await readBody(url, response, options.maxResponseBytes), options.clock)
        if ('again' in outcome) return outcome
        throw new Final(queryError('QUERY_UNEXPECTED_ANSWER', `${url} answered ${response.status}`, {}))
      })
    }, signal)
}

/** The time limit ends with `use`: what goes on then has none. */
async function withinTime<T>(
  url: string,
  remainingMs: number,
  { options, accept, signal }: Try,
  use: (response: Response) => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  const { clock, timeoutMs } = options
  const timeout = new AbortController()
  const limitMs = Math.min(timeoutMs, remainingMs)
  const cancel = clock.after(limitMs, () => timeout.abort(new Error(`${url} did not answer within ${limitMs} ms`)))
  try {
    const response = await options.fetch(url, {
      headers: { accept, ...options.headers },
      signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
    })
    return await use(response)
  } catch (error) {
    // The caller's own reason is passed on as it came; so is what will not change by asking again.
    if (signal?.aborted) throw signal.reason
    if (error instanceof Final) throw error.error
    return { again: error, waitMs: 0 }
  } finally {
    cancel()
  }
}

/** Marks an error that ends all tries; whatever else is thrown while asking is a matter of the network. */
class Final {
  readonly error: Error
  constructor(error: Error) {
    this.error = error
  }
}

/** An answer that says to ask again. */
class NotNow extends Error {
  readonly status: number
  readonly serverCode: string | undefined

  constructor(url: string, status: number, body: unknown) {
    const { code, message } = Object(body) as { readonly code?: unknown; readonly message?: unknown }
    const said = [code, message].filter((part) => typeof part === 'string').join(', ')
    super(`${url} answered ${status}${said === '' ? '' : `: ${said}`}`)
    this.status = status
    this.serverCode = typeof code === 'string' ? code : undefined
  }
}

function decide(url: string, response: Response, text: string, clock: Clock): Outcome<unknown> {
  const { status } = response
  const body = parse(text)
  if (temporary.has(status)) {
    const waitMs = retryAfterMs(response.headers.get('retry-after'), clock.now())
    return { again: new NotNow(url, status, body), waitMs }
  }
  if (status === 200 && body !== undefined) return { body }
  const problem = typeof body === 'object' && body !== null ? (body as { code?: unknown; message?: unknown }) : {}
  if (typeof problem.code !== 'string') {
    throw new Final(
      queryError('QUERY_UNEXPECTED_ANSWER', `${url} answered ${status} without an answer of a gateway`, { status }),
    )
  }
  // A key that is not there and a store that is not there are both 404; only the first is an answer.
  if (status === 404 && problem.code.endsWith('KEY_NOT_FOUND')) return { body: undefined }
  const message = `${typeof problem.message === 'string' ? problem.message : problem.code} (${status})`
  throw new Final(queryError('QUERY_REFUSED', message, { status, serverCode: problem.code }))
}

/** `retry-after` as seconds or as a date. */
function retryAfterMs(value: string | null, nowMs: number): number {
  if (value === null) return 0
  const seconds = Number(value)
  const waitMs = Number.isNaN(seconds) ? Date.parse(value) - nowMs : seconds * 1000
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : 0
}

async function readBody(url: string, response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  const reader = response.body?.getReader()
  for (let chunk = await reader?.read(); chunk && !chunk.done; chunk = await reader?.read()) {
    size += chunk.value.byteLength
    if (size > maxBytes) {
      await reader?.cancel()
      throw new Final(queryError('QUERY_UNEXPECTED_ANSWER', `${url} sent more than ${maxBytes} bytes`, { maxBytes }))
    }
    text += decoder.decode(chunk.value, { stream: true })
  }
  return text + decoder.decode()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
