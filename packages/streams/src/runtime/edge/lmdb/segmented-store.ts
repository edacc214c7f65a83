import type { Pace } from '../../../core/pace.ts'
import type { ByteStore, ByteWrite } from '../../../core/stores/byte-store.ts'
import { inTurns } from '../../in-turns.ts'
import { ByteCopies } from './byte-copies.ts'
import { checkpointOf, setCheckpoint } from './lmdb-byte-store.ts'
import type { KeyValueBytes, LmdbTable, RangeBounds } from './lmdb-table.ts'
import {
  placeOf,
  readSegments,
  type SegmentLayout,
  type SegmentReader,
  segmentLayout,
  segmentTable,
} from './segments.ts'
import type { TaskEnvironment } from './task-environment.ts'

/**
 * A windowed store as one table per span of time, so that what has expired is emptied whole instead of key by key.
 * Keys end in their window's start (or session's end), as Kafka Streams lays them out. A segment goes when all of it lies
 * further back than the retention, measured from the highest time ever written here; writes behind that are ignored.
 *
 * The tables stay, and segments take turns in them: other threads read them by handles (see `CommittedEnvironment`), and
 * the handle of a table that was dropped may come to mean another.
 */
export class SegmentedStore implements ByteStore {
  readonly #environment: TaskEnvironment
  readonly #name: string
  readonly #layout: SegmentLayout
  readonly #tables: readonly LmdbTable[]
  readonly #reader: SegmentReader
  /** Those that have a place. */
  #segments: readonly number[] = []
  #latest = 0

  constructor(environment: TaskEnvironment, name: string, kind: 'window' | 'session', retentionMs: number) {
    this.#environment = environment
    this.#name = name
    this.#layout = segmentLayout(kind, retentionMs)
    this.#tables = Array.from({ length: this.#layout.places }, (_, place) =>
      environment.table(segmentTable(name, place)),
    )
    this.#reader = readSegments(this.#layout, this.#tables)
    const note = environment.getNote(this.#notesKey)
    const known = note === undefined ? undefined : (JSON.parse(note) as SegmentNote)
    // Another retention means other segments: they are restored from the changelog.
    if (known && (known.segmentMs !== this.#layout.segmentMs || known.places !== this.#layout.places)) this.wipe()
    else this.#segments = known?.segments ?? []
    this.#latest = Math.max(0, ...this.#segments)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#reader.get(key)
  }

  range(bounds: RangeBounds): Iterable<KeyValueBytes> {
    return this.#reader.range(bounds)
  }

  apply(writes: Iterable<ByteWrite>, checkpoint: number | undefined): void {
    const plan = this.#plan(writes)
    this.#environment.transaction(() => {
      this.#make(plan)
      for (const { table, key, value } of plan.rows) table.set(key, value)
      setCheckpoint(this.#environment, this.#name, checkpoint)
    })
    this.#done(plan)
  }

  async applyInTurns(writes: Iterable<ByteWrite>, checkpoint: number | undefined, pace: Pace): Promise<void> {
    const plan = this.#plan(writes)
    await this.#environment.transactionInTurns(async () => {
      this.#make(plan)
      await inTurns(plan.rows, ({ table, key, value }) => table.set(key, value), pace)
      setCheckpoint(this.#environment, this.#name, checkpoint)
    })
    this.#done(plan)
  }

  checkpoint(): number | undefined {
    return checkpointOf(this.#environment, this.#name)
  }

  wipe(): void {
    this.#environment.transaction(() => {
      for (const table of this.#tables) table.clear()
      this.#environment.setNote(`checkpoint:${this.#name}`, undefined)
      this.#note([])
    })
    this.#segments = []
    this.#latest = 0
  }

  close(): void {}

  get #notesKey(): string {
    return `segments:${this.#name}`
  }

  /** The caller's bytes are valid until its next step only, and what expires is known behind the last. */
  #plan(writes: Iterable<ByteWrite>): Plan {
    const rows: (Row & { segment: number })[] = []
    const copies = new ByteCopies()
    let latest = this.#latest
    for (const { key, value } of writes) {
      const segment = this.#layout.segmentOf(key)
      const table = this.#tables[placeOf(this.#layout, segment)]!
      rows.push({ segment, table, key: copies.of(key), value: value && copies.of(value) })
      if (value !== undefined && segment > latest) latest = segment
    }
    const oldest = latest - this.#layout.places + 1
    const isLive = (segment: number): boolean => segment >= oldest && segment <= latest
    const live = rows.filter(({ segment }) => isLive(segment))
    const segments = new Set([...this.#segments.filter(isLive), ...live.map(({ segment }) => segment)])
    return { rows: live, latest, segments: [...segments], expired: this.#segments.filter((each) => !isLive(each)) }
  }

  #make({ expired, segments }: Plan): void {
    for (const segment of expired) this.#tables[placeOf(this.#layout, segment)]!.clear()
    if (expired.length > 0 || segments.length !== this.#segments.length) this.#note(segments)
  }

  #done({ segments, latest }: Plan): void {
    this.#segments = segments
    this.#latest = latest
  }

  #note(segments: readonly number[]): void {
    const { segmentMs, places } = this.#layout
    const note: SegmentNote = { segmentMs, places, segments }
    this.#environment.setNote(this.#notesKey, JSON.stringify(note))
  }
}

interface Row {
  readonly table: LmdbTable
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

interface Plan {
  readonly rows: readonly Row[]
  readonly latest: number
  /** Those that have a place when it is done. */
  readonly segments: readonly number[]
  readonly expired: readonly number[]
}

interface SegmentNote {
  readonly segmentMs: number
  readonly places: number
  readonly segments: readonly number[]
}
