import type { Header } from '@millrace/protocol'
import { streamsError } from '../../errors.ts'

/** A record as an extractor is given it; valid during the call. Key and value are parsed when they are asked for. */
export interface TimedRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  /** What the producer or the broker gave it, in epoch milliseconds; negative where nobody did. */
  readonly timestamp: number
  readonly headers: readonly Header[]
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface ExtractionTimes {
  /** The greatest timestamp of the partition so far; -1 before the first. */
  readonly partitionTimeMs: number
  readonly wallClockMs: number
}

/**
 * Says what time a record is of, in epoch milliseconds: stream time, windows and the order in which inputs are taken go
 * by it. A negative answer leaves the record out, and counts it. What it throws goes to the `deserialize` handler.
 *
 * @example app.stream(order, { timestamp: (record) => record.value?.placedAt ?? record.timestamp })
 */
export type TimestampExtractor<K = unknown, V = unknown> = (record: TimedRecord<K, V>, times: ExtractionTimes) => number

/** Ready-made extractors, under what they do with a timestamp that is negative. */
export const timestampExtractors = {
  /** The record's own; a negative one fails (as without an extractor). */
  failOnInvalid: ({ timestamp }: TimedRecord<unknown, unknown>) => valid(timestamp, 'the timestamp is'),
  /** The record's own; a record with a negative one is left out and counted. */
  skipInvalid: ({ timestamp }: TimedRecord<unknown, unknown>) => timestamp,
  /** The record's own, or the greatest of its partition so far; fails where that is not known. */
  partitionTimeOnInvalid: ({ timestamp }: TimedRecord<unknown, unknown>, { partitionTimeMs }: ExtractionTimes) =>
    timestamp >= 0 ? timestamp : valid(partitionTimeMs, 'the timestamp is negative, and that of the partition'),
  /** The time at which the record becomes the next of its partition. */
  wallClock: (_record: TimedRecord<unknown, unknown>, { wallClockMs }: ExtractionTimes) => wallClockMs,
} as const satisfies Readonly<Record<string, TimestampExtractor>>

function valid(timestamp: number, what: string): number {
  if (timestamp >= 0) return timestamp
  throw streamsError('STREAMS_TIMESTAMP_INVALID', `${what} ${timestamp}`, { timestamp })
}
