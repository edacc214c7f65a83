import { streamsError } from '../../errors.ts'

/** A span of time, in epoch milliseconds. */
export interface Window {
  /** Inclusive. */
  readonly start: number
  /** Exclusive; inclusive for sessions and sliding windows, infinite for unlimited ones. */
  readonly end: number
}

/** A key and the window that its value is of. */
export interface Windowed<K> {
  readonly key: K
  readonly window: Window
}

/** How time is cut into windows. Made by `tumbling`, `hopping`, `unlimited` and `calendarWindow`. */
export interface Windows {
  readonly description: string
  /** How long after its end a window still takes records, by stream time. */
  readonly graceMs: number
  /** Length of the longest window: what retention has to cover; infinite for unlimited windows. */
  readonly maxSizeMs: number
  /** Length of every window; undefined where it varies. */
  readonly sizeMs: number | undefined
  /** Starts of the windows that the time lies in, earliest first. An array of one may be reused by the next call. */
  startsOf(timestampMs: number): readonly number[]
  /** End of the window with this start. */
  endOf(startMs: number): number
}

/** Windows of equal length side by side, aligned to the epoch. */
export interface TumblingOptions {
  readonly sizeMs: number
  /** How long after its end a window still takes records; 0 unless given. */
  readonly graceMs?: number
}

/**
 * Windows of equal length that follow each other without gap or overlap, aligned to the epoch in UTC (days begin at
 * midnight UTC, weeks on Thursdays). For people's days, weeks and months see `calendarWindow`.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * app.stream(order).groupByKey().window(tumbling({ sizeMs: 60_000, graceMs: 5_000 })).count({ store: 'per-minute' })
 */
export function tumbling({ sizeMs, graceMs = 0 }: TumblingOptions): Windows {
  const size = wholeMs('tumbling', 'sizeMs', sizeMs, 1)
  const starts = [0]
  return {
    description: `tumbling(${size} ms)`,
    graceMs: wholeMs('tumbling', 'graceMs', graceMs, 0),
    maxSizeMs: size,
    sizeMs: size,
    startsOf(timestampMs) {
      starts[0] = timestampMs - (timestampMs % size)
      return starts
    },
    endOf: (startMs) => startMs + size,
  }
}

/** Overlapping windows: one of `sizeMs` begins every `advanceMs`. */
export interface HoppingOptions extends TumblingOptions {
  readonly advanceMs: number
}

/**
 * Windows of equal length that overlap: a record counts in each that its time lies in.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 */
export function hopping({ sizeMs, advanceMs, graceMs = 0 }: HoppingOptions): Windows {
  const size = wholeMs('hopping', 'sizeMs', sizeMs, 1)
  const advance = wholeMs('hopping', 'advanceMs', advanceMs, 1)
  if (advance > size) {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', 'hopping: advanceMs is greater than sizeMs, which would leave gaps')
  }
  return {
    description: `hopping(${size} ms every ${advance} ms)`,
    graceMs: wholeMs('hopping', 'graceMs', graceMs, 0),
    maxSizeMs: size,
    sizeMs: size,
    startsOf(timestampMs) {
      const starts: number[] = []
      const first = Math.max(0, timestampMs - size + advance)
      for (let start = first - (first % advance); start <= timestampMs; start += advance) starts.push(start)
      return starts
    },
    endOf: (startMs) => startMs + size,
  }
}

export interface UnlimitedOptions {
  /** Where the window begins, in epoch milliseconds; earlier records are left out. 0 unless given. */
  readonly startMs?: number
}

/**
 * One window without end, which therefore never closes: aggregates from a point in time on.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 */
export function unlimited({ startMs = 0 }: UnlimitedOptions = {}): Windows {
  const starts = [wholeMs('unlimited', 'startMs', startMs, 0)]
  return {
    description: `unlimited(from ${startMs})`,
    graceMs: 0,
    maxSizeMs: Number.POSITIVE_INFINITY,
    sizeMs: undefined,
    startsOf: (timestampMs) => (timestampMs >= startMs ? starts : []),
    endOf: () => Number.POSITIVE_INFINITY,
  }
}

/** @throws STREAMS_TOPOLOGY_INVALID */
export function wholeMs(what: string, option: string, value: number, min: number): number {
  if (Number.isSafeInteger(value) && value >= min) return value
  throw streamsError(
    'STREAMS_TOPOLOGY_INVALID',
    `${what}: ${option} must be whole milliseconds of at least ${min}, not ${value}`,
  )
}
