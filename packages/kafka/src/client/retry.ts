import { type Clock, isMillraceError, type Random, sleep } from '@millrace/base'
import { diagnostics } from '../diagnostics.ts'
import { isRetriable, timeoutError } from '../errors.ts'
import type { ClientStats } from './client-stats.ts'

export interface RetryContext {
  readonly clock: Clock
  readonly random: Random
  readonly stats: ClientStats
  readonly retryDelayMsMin: number
  readonly retryDelayMsMax: number
}

/** Exponential pause with 20 % of jitter, so that clients that failed together do not come back together (KIP-580). */
export function retryDelayMs(context: Omit<RetryContext, 'stats' | 'clock'>, attempt: number): number {
  const base = Math.min(context.retryDelayMsMax, context.retryDelayMsMin * 2 ** Math.min(attempt, 20))
  return Math.round(base * (0.8 + 0.4 * context.random.next()))
}

/**
 * Runs `attempt` until it succeeds, fails for good, or `timeoutMs` have passed; `attempt` gets what is left.
 * Errors that are not retriable end it at once, others are the cause of KAFKA_TIMEOUT in the end.
 */
export async function retrying<T>(
  context: RetryContext,
  what: string,
  timeoutMs: number,
  attempt: (leftMs: number) => Promise<T>,
  options: { readonly signal?: AbortSignal; readonly canRetry?: (error: unknown) => boolean } = {},
): Promise<T> {
  const { clock, stats } = context
  const canRetry = options.canRetry ?? isRetriable
  const dueMs = clock.now() + timeoutMs
  let telling: unknown
  for (let attempts = 0; ; attempts++) {
    options.signal?.throwIfAborted()
    try {
      return await attempt(Math.max(1, dueMs - clock.now()))
    } catch (error) {
      if (!canRetry(error)) throw error
      // The last attempt may have been cut short by the limit: what went wrong before it says more.
      if (telling === undefined || !isMillraceError(error) || error.code !== 'KAFKA_TIMEOUT') telling = error
      const delayMs = retryDelayMs(context, attempts)
      if (clock.now() + delayMs >= dueMs) {
        const reason = telling instanceof Error ? telling.message : String(telling)
        throw timeoutError(`${what} did not succeed within ${timeoutMs} ms: ${reason}`, telling)
      }
      stats.retries += 1
      if (diagnostics.retry.hasSubscribers) diagnostics.retry.publish({ what, attempt: attempts, delayMs, error })
      await sleep(clock, delayMs, options.signal)
    }
  }
}
