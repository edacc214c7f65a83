import { inTurns, type Pace } from '../../../core/pace.ts'
import type { ByteStore, ByteWrite } from '../../../core/stores/byte-store.ts'
import { checkpointOf, setCheckpoint } from './lmdb-byte-store.ts'
import type { KeyValueBytes, LmdbTable, RangeBounds } from './lmdb-table.ts'
import { mergeRanges } from './merge-ranges.ts'
import type { TaskEnvironment } from './task-environment.ts'

/** Where a store kind's keys carry the time that decides when they expire: bytes from the end of the key. */
const timeAtFromEnd = { window: 12, session: 16 } as const

/** Kafka Streams' lower bound: segments shorter than a minute are more trouble than they save. */
const segmentMsMin = 60_000

/**
 * A windowed store as one table per span of time, so that what has expired is dropped whole instead of key by key.
 * Keys end in their window's start (or session's end), as Kafka Streams lays them out. A segment goes when all of it lies
 * further back than the retention, measured from the highest time ever written here; writes behind that are ignored.
 */
export class SegmentedStore implements ByteStore {
  readonly #environment: TaskEnvironment
  readonly #name: string
  readonly #timeAtFromEnd: number
  readonly #retentionMs: number
  readonly #segmentMs: number
  readonly #segments = new Map<number, LmdbTable>()
  #observedMs = 0

  constructor(environment: TaskEnvironment, name: string, kind: 'window' | 'session', retentionMs: number) {
    this.#environment = environment
    this.#name = name
    this.#timeAtFromEnd = timeAtFromEnd[kind]
    this.#retentionMs = retentionMs
    this.#segmentMs = Math.max(Math.floor(retentionMs / 2), segmentMsMin)
    const note = environment.getNote(this.#notesKey)
    const known = note === undefined ? undefined : (JSON.parse(note) as SegmentNote)
    // Another retention means other segment bounds: the layout is rebuilt from the changelog.
    if (known && known.segmentMs !== this.#segmentMs) this.#forget(known.segments)
    else for (const id of known?.segments ?? []) this.#segments.set(id, environment.table(this.#tableName(id)))
    this.#observedMs = Math.max(0, ...this.#segments.keys()) * this.#segmentMs
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#segments.get(this.#segmentOf(key))?.get(key)
  }

  range(bounds: RangeBounds): Iterable<KeyValueBytes> {
    const ranges = [...this.#segments.values()].map((segment) => segment.range(bounds))
    return mergeRanges(ranges, bounds.reverse === true)
  }

  apply(writes: Iterable<ByteWrite>, checkpoint: number | undefined): void {
    const { groups, expired } = this.#prepare(writes)
    this.#environment.transaction(() => {
      for (const { table, group } of groups) for (const { key, value } of group) table.set(key, value)
      setCheckpoint(this.#environment, this.#name, checkpoint)
    })
    if (expired.length > 0) this.#expire(expired)
  }

  async applyInTurns(writes: Iterable<ByteWrite>, checkpoint: number | undefined, pace: Pace): Promise<void> {
    const { groups, expired } = this.#prepare(writes)
    await this.#environment.transactionInTurns(async () => {
      const all = groups.flatMap(({ table, group }) => group.map((write) => ({ table, write })))
      await inTurns(all, ({ table, write: { key, value } }) => table.set(key, value), pace)
      setCheckpoint(this.#environment, this.#name, checkpoint)
    })
    if (expired.length > 0) this.#expire(expired)
  }

  checkpoint(): number | undefined {
    return checkpointOf(this.#environment, this.#name)
  }

  wipe(): void {
    this.#forget([...this.#segments.keys()])
  }

  close(): void {}

  get #notesKey(): string {
    return `segments:${this.#name}`
  }

  #tableName(id: number): string {
    return `w:${this.#name}:${id}`
  }

  #segmentOf(key: Uint8Array): number {
    const at = key.length - this.#timeAtFromEnd
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
    const timeMs = view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
    return Math.floor(timeMs / this.#segmentMs)
  }

  /** Where the writes go that are not too late, and the segments that are to go behind them. */
  #prepare(writes: Iterable<ByteWrite>) {
    const bySegment = this.#groupBySegment(writes)
    const oldest = Math.floor((this.#observedMs - this.#retentionMs) / this.#segmentMs)
    const expired = [...this.#segments.keys()].filter((id) => id < oldest)
    const missing = [...bySegment.keys()].filter((id) => id >= oldest && !this.#segments.has(id))
    // A table cannot be made inside a write transaction. The list names it first: a crash in between leaves an empty one.
    if (missing.length > 0) this.#create(missing)
    const groups = [...bySegment].flatMap(([id, group]) => {
      const table = id >= oldest ? this.#segments.get(id) : undefined
      return table ? [{ table, group }] : []
    })
    return { groups, expired }
  }

  #groupBySegment(writes: Iterable<ByteWrite>): Map<number, ByteWrite[]> {
    const groups = new Map<number, ByteWrite[]>()
    for (const write of writes) {
      const id = this.#segmentOf(write.key)
      // The caller's bytes are valid until the next step only.
      const copy = { key: new Uint8Array(write.key), value: write.value && new Uint8Array(write.value) }
      const group = groups.get(id)
      if (group) group.push(copy)
      else groups.set(id, [copy])
      if (write.value !== undefined) this.#observedMs = Math.max(this.#observedMs, id * this.#segmentMs)
    }
    return groups
  }

  #create(ids: readonly number[]): void {
    this.#environment.transaction(() => this.#note([...this.#segments.keys(), ...ids]))
    for (const id of ids) this.#segments.set(id, this.#environment.table(this.#tableName(id)))
  }

  /** Dropped before it leaves the list: a crash in between leaves an empty table that the next apply drops again. */
  #expire(ids: readonly number[]): void {
    for (const id of ids) {
      this.#environment.dropTable(this.#tableName(id))
      this.#segments.delete(id)
    }
    this.#environment.transaction(() => this.#note([...this.#segments.keys()]))
  }

  /** The checkpoint goes first: contents without a checkpoint are restored over, a checkpoint without contents is believed. */
  #forget(ids: readonly number[]): void {
    this.#environment.transaction(() => this.#environment.setNote(`checkpoint:${this.#name}`, undefined))
    this.#expire(ids)
    this.#observedMs = 0
  }

  #note(segments: readonly number[]): void {
    const note: SegmentNote = { segmentMs: this.#segmentMs, segments }
    this.#environment.setNote(this.#notesKey, JSON.stringify(note))
  }
}

interface SegmentNote {
  readonly segmentMs: number
  readonly segments: readonly number[]
}
