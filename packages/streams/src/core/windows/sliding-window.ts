import { wholeMs } from './windows.ts'

export interface SlidingWindowOptions {
  /** Greatest distance in time of two records of a window. */
  readonly differenceMs: number
  /** How long after its end a window still takes records, by stream time; 0 unless given. */
  readonly graceMs?: number
}

/** Windows that begin and end with records. Made by `slidingWindow`. */
export interface SlidingWindows {
  readonly kind: 'sliding'
  readonly description: string
  readonly differenceMs: number
  readonly graceMs: number
  /** End of the window with this start, inclusive. */
  endOf(startMs: number): number
}

/**
 * Windows that slide along with the records: each record ends one that reaches back by `differenceMs`, and begins one
 * right after it for the records that follow. Only windows with different contents are made. Both ends are inclusive.
 * Records of the first `differenceMs` after the epoch share the window that begins with it.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * app.stream(login).groupByKey().window(slidingWindow({ differenceMs: 60_000, graceMs: 10_000 })).count()
 */
export function slidingWindow({ differenceMs, graceMs = 0 }: SlidingWindowOptions): SlidingWindows {
  const difference = wholeMs('slidingWindow', 'differenceMs', differenceMs, 0)
  return {
    kind: 'sliding',
    description: `sliding(difference of ${difference} ms)`,
    differenceMs: difference,
    graceMs: wholeMs('slidingWindow', 'graceMs', graceMs, 0),
    endOf: (startMs) => startMs + difference,
  }
}
