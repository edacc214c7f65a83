import { asBuffer, readMillis } from '../../../core/stores/bytes.ts'
import type { KeyValueBytes, RangeBounds } from './lmdb-table.ts'
import { mergeRanges } from './merge-ranges.ts'

/** Where a store kind's keys carry the time that decides when they expire: bytes from the end of the key. */
const timeAtFromEnd = { window: 12, session: 16 } as const

/** Kafka Streams' lower bound: segments shorter than a minute are more trouble than they save. */
const segmentMsMin = 60_000

export interface SegmentLayout {
  readonly segmentMs: number
  /** As many as can hold rows at a time: a segment has the place of its number by their count. */
  readonly places: number
  /** A segment's number, by the time in a key. */
  segmentOf(key: Uint8Array): number
}

/** How a windowed store is cut into spans of time. */
export function segmentLayout(kind: 'window' | 'session', retentionMs: number): SegmentLayout {
  const segmentMs = Math.max(Math.floor(retentionMs / 2), segmentMsMin)
  return {
    segmentMs,
    places: Math.ceil(retentionMs / segmentMs) + 1,
    segmentOf: (key) => Math.floor(readMillis(asBuffer(key), key.length - timeAtFromEnd[kind]) / segmentMs),
  }
}

/** The table of a segment. Tables are as many as a store has places, and stay: what is in them changes with time. */
export function segmentTable(store: string, place: number): string {
  return `w:${store}:${place}`
}

export interface SegmentReader {
  get(key: Uint8Array): Uint8Array | undefined
  range(bounds: RangeBounds): Iterable<KeyValueBytes>
}

/** Reads a windowed store whatever segments its places hold: a key has its time in it. */
export function readSegments(layout: SegmentLayout, tables: readonly SegmentReader[]): SegmentReader {
  return {
    get: (key) => tables[placeOf(layout, layout.segmentOf(key))]!.get(key),
    range: (bounds) =>
      mergeRanges(
        tables.map((table) => table.range(bounds)),
        bounds.reverse === true,
      ),
  }
}

export function placeOf({ places }: SegmentLayout, segment: number): number {
  // Times before 1970 too.
  return ((segment % places) + places) % places
}
