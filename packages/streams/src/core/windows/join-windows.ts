import { streamsError } from '../../errors.ts'
import { wholeMs } from './windows.ts'

/** How far apart in time two records may be to be joined. Made by `joinWindows`. */
export interface JoinWindows {
  /** How much earlier than this stream's record the other one may be; negative: it must be later by so much. */
  readonly beforeMs: number
  /** How much later than this stream's record the other one may be; negative: it must be earlier by so much. */
  readonly afterMs: number
  /** How long after it has passed a window still takes records, by stream time. */
  readonly graceMs: number
}

/** Either one distance for both directions, or one for each. */
export type JoinWindowsOptions = {
  /** How long records that come late are still joined; 0 unless given. Left and outer results wait for it. */
  readonly graceMs?: number
} & (
  | { readonly differenceMs: number; readonly beforeMs?: never; readonly afterMs?: never }
  | { readonly beforeMs: number; readonly afterMs: number; readonly differenceMs?: never }
)

/**
 * Which records of another stream belong to a record: those of the same key from `beforeMs` before its time to `afterMs`
 * after it, both inclusive.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * // A payment belongs to an order when it comes within an hour after it.
 * orders.join(payments, (o, p) => ({ ...o, paid: p.amount }), { within: joinWindows({ beforeMs: 0, afterMs: 3_600_000 }) })
 */
export function joinWindows(options: JoinWindowsOptions): JoinWindows {
  const { graceMs = 0, differenceMs } = options
  const [beforeMs, afterMs] =
    differenceMs === undefined
      ? [any('beforeMs', options.beforeMs), any('afterMs', options.afterMs)]
      : [wholeMs('joinWindows', 'differenceMs', differenceMs, 0), differenceMs]
  if (beforeMs + afterMs < 0) {
    throw streamsError(
      'STREAMS_TOPOLOGY_INVALID',
      `joinWindows: nothing lies between ${beforeMs} ms before and ${afterMs} ms after`,
    )
  }
  return { beforeMs, afterMs, graceMs: wholeMs('joinWindows', 'graceMs', graceMs, 0) }
}

function any(option: string, value: number): number {
  return wholeMs('joinWindows', option, value, Number.MIN_SAFE_INTEGER)
}
