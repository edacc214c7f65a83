import { streamsError } from '../../errors.ts'
import { wholeMs } from './windows.ts'

/** How much may be held back: at least one bound. */
export interface BufferBounds {
  readonly maxRecords?: number
  /** Bytes of keys and values, and of where they came from. */
  readonly maxBytes?: number
}

export interface TimeLimitOptions {
  /** How long after its first change a row is held back, by stream time. */
  readonly afterMs: number
  /** `whenFull`: the oldest is handed on early unless told to shut down. */
  readonly buffer: 'unbounded' | (BufferBounds & { readonly whenFull?: 'emitEarly' | 'shutDown' })
  /** Name of the step; its store is `<name>-store`. */
  readonly name?: string
  /**
   * Whether what is held back is logged, so that a lost disk loses nothing: true unless told otherwise. Settings are
   * those of the changelog topic, under Kafka's names.
   */
  readonly changelog?: boolean | Readonly<Record<string, string>>
}

export interface WindowCloseOptions {
  /** A final result cannot come early: when the buffer is full the application stops. */
  readonly buffer: 'unbounded' | (BufferBounds & { readonly whenFull: 'shutDown' })
  /** Name of the step; its store is `<name>-store`. */
  readonly name?: string
  /**
   * Whether what is held back is logged, so that a lost disk loses nothing: true unless told otherwise. Settings are
   * those of the changelog topic, under Kafka's names.
   */
  readonly changelog?: boolean | Readonly<Record<string, string>>
}

interface Suppression {
  readonly maxRecords: number
  readonly maxBytes: number
  readonly whenFull: 'emitEarly' | 'shutDown'
  readonly name: string | undefined
  readonly changelog: boolean | Readonly<Record<string, string>>
}

/** What `untilTimeLimit` returns. */
export interface TimeLimit extends Suppression {
  readonly until: 'timeLimit'
  readonly afterMs: number
}

/** What `untilWindowCloses` returns. */
export interface FinalResults extends Suppression {
  readonly until: 'windowCloses'
}

/**
 * Holds updates of a row back for a time, by stream time, so that one update comes of many.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * totals.suppress(untilTimeLimit({ afterMs: 60_000, buffer: { maxRecords: 10_000 } }))
 */
export function untilTimeLimit(options: TimeLimitOptions): TimeLimit {
  const { afterMs, name, changelog = true } = options
  return {
    until: 'timeLimit',
    afterMs: wholeMs('untilTimeLimit', 'afterMs', afterMs, 0),
    ...bounds('untilTimeLimit', options.buffer),
    whenFull: options.buffer === 'unbounded' ? 'emitEarly' : (options.buffer.whenFull ?? 'emitEarly'),
    name,
    changelog,
  }
}

/**
 * Hands on one result a window: the last one, when stream time has passed the window's end by its grace. While no record
 * comes, time stands still and so does the result.
 *
 * @throws STREAMS_TOPOLOGY_INVALID
 * @example
 * perMinute.suppress(untilWindowCloses({ buffer: 'unbounded' })).to(finalCounts)
 */
export function untilWindowCloses({ buffer, name, changelog = true }: WindowCloseOptions): FinalResults {
  if (buffer !== 'unbounded' && buffer.whenFull !== 'shutDown') {
    throw invalid(
      'untilWindowCloses',
      "a bounded buffer needs whenFull: 'shutDown', since final results cannot come early",
    )
  }
  return { until: 'windowCloses', ...bounds('untilWindowCloses', buffer), whenFull: 'shutDown', name, changelog }
}

function bounds(what: string, buffer: 'unbounded' | BufferBounds): Pick<Suppression, 'maxRecords' | 'maxBytes'> {
  if (buffer === 'unbounded') return { maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }
  const { maxRecords = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = buffer
  for (const bound of [maxRecords, maxBytes]) {
    if (bound !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(bound) && bound >= 0)) {
      throw invalid(what, `maxRecords and maxBytes are whole numbers, not ${bound}`)
    }
  }
  if (maxRecords === Number.POSITIVE_INFINITY && maxBytes === Number.POSITIVE_INFINITY) {
    throw invalid(what, "the buffer needs a bound, or is 'unbounded'")
  }
  return { maxRecords, maxBytes }
}

function invalid(what: string, message: string): unknown {
  return streamsError('STREAMS_TOPOLOGY_INVALID', `${what}: ${message}`)
}
