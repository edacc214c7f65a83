import { type Clock, sleep } from './clock.ts'
import { isMillraceError } from './errors.ts'
import type { Random } from './random.ts'

/** How long to wait between attempts: doubling from `delayMsMin` to `delayMsMax`, with jitter. */
export interface Backoff {
  readonly delayMsMin: number
  readonly delayMsMax: number
}

export interface RetryOptions extends Partial<Backoff> {
  readonly clock: Clock
  readonly random: Random
  /** Attempts in all, the first included. Default 5. */
  readonly maxAttempts?: number
  /** No attempt begins later than this after the first one. Default: none. */
  readonly deadlineMs?: number
  readonly signal?: AbortSignal
  /** Default: errors of Millrace that say `retriable`. */
  readonly isRetriable?: (error: unknown) => boolean
  /** Told before each wait, for logs and metrics. */
  readonly onRetry?: (failure: { readonly attempt: number; readonly delayMs: number; readonly error: unknown }) => void
}

/**
 * The wait after the given failed attempt (1 is the first). Half of it is jitter, so that clients which failed together
 * do not return together.
 */
export function backoffMs(attempt: number, { delayMsMin, delayMsMax }: Backoff, random: Random): number {
  const full = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(attempt - 1, 30))
  return full / 2 + (full / 2) * random.next()
}

/**
 * Calls `work` until it succeeds, its error is not retriable, or a bound is reached; then rethrows the last error as it
 * came.
 *
 * @example
 * await retry(() => pool.query('select 1'), { clock, random, maxAttempts: 3, isRetriable: isConnectionError })
 */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, random, signal, maxAttempts = 5, deadlineMs = Number.POSITIVE_INFINITY } = options
  const backoff = { delayMsMin: options.delayMsMin ?? 100, delayMsMax: options.delayMsMax ?? 10_000 }
  const isRetriable = options.isRetriable ?? ((error) => isMillraceError(error) && error.retriable)
  const startMs = clock.now()
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await work(attempt)
    } catch (error) {
      const delayMs = backoffMs(attempt, backoff, random)
      const isLast = attempt >= maxAttempts || clock.now() + delayMs - startMs > deadlineMs
      if (isLast || !isRetriable(error)) throw error
      options.onRetry?.({ attempt, delayMs, error })
      await sleep(clock, delayMs, signal)
    }
  }
}
