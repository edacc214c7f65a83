import type { RecordBatchView } from '@millrace/protocol'
import { StageFailure } from '../stage-failure.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import type { ByteRange } from './byte-store.ts'
import { asBuffer, readMillis, timestampBytes, writeMillis } from './bytes.ts'
import { StoreBytes } from './store-bytes.ts'
import type { Isolation, StoreEnvironment, TaskStore } from './task-store.ts'
import { keysWithin } from './view-bounds.ts'
import type { ReadOnlyVersionedStore, VersionedEntry, VersionedRowsQuery, VersionsQuery } from './views.ts'

/** What became of a version that was put. */
export type VersionPut = 'latest' | 'older' | 'expired'

interface Version {
  readonly timestamp: number
  /** null: deleted. */
  readonly valueBytes: Buffer | null
}

const versionSpace = 0
const deletionSpace = 1
/** Behind all versions and deletions: the time that they have come to. */
const timeKey = Buffer.of(2)
/** All versions, of each key the latest first. */
const versionsOnly: ByteRange = { from: Buffer.of(versionSpace), to: Buffer.of(deletionSpace), reverse: true }
const isValue = 1
const isDeletion = 0

/**
 * The versions of rows, each valid from its time on until the next one's (KIP-889). Versions arrive in any order: their
 * time says where they belong. What was valid within `historyRetentionMs` before stream time can be asked for; what is
 * put from before that is left out.
 *
 * Bytes: a version lies under its key and time, a deletion as a version without value; deletions also lie under their
 * time, so that those past retention are found and go. A changelog has plain keys and values, with the version's time
 * as the record's.
 */
export class VersionedStore {
  readonly valueSerde: AnySerde
  readonly keySerde: AnySerde
  readonly bytes: StoreBytes
  readonly historyRetentionMs: number
  readonly #onPut: () => void
  readonly #strict: StoreEnvironment['strict']
  readonly #name: string
  readonly #log: StoreEnvironment['changelog']
  #sweptUpTo = 0
  /** Greatest time of a version that was put, and what of it lies beside the versions. */
  time = -1
  #notedTime = -1

  constructor(spec: SpecOf<'versioned'>, bytes: StoreBytes, environment: StoreEnvironment) {
    this.#name = spec.name
    this.keySerde = spec.keySerde
    this.valueSerde = spec.valueSerde
    this.historyRetentionMs = spec.historyRetentionMs
    this.bytes = bytes
    this.#onPut = environment.onPut
    this.#strict = environment.strict
    this.#log = environment.changelog
    this.#findTime()
  }

  /** Earliest time that can be asked for. */
  get liveFrom(): number {
    return this.time - this.historyRetentionMs
  }

  /** `value` null deletes from this time on; `known` is the value's bytes where the caller has them. */
  put(key: unknown, value: unknown, timestamp: number, known?: Uint8Array): VersionPut {
    this.#onPut()
    const keyBytes = this.#serialized(this.keySerde, key)
    const valueBytes = value === null ? null : (known ?? this.#valueBytes(value))
    const outcome = this.#apply(keyBytes, valueBytes, timestamp)
    // As in Kafka Streams, also what came too late: its store decides anew when it restores.
    this.#log?.(timestamp, keyBytes, valueBytes)
    return outcome
  }

  /** The version that was valid at a time; the latest unless one is given. Undefined where there was none. */
  get(key: unknown, asOfMs?: number): VersionedEntry<unknown> | undefined {
    return this.find(this.keySerde.serialize(key), asOfMs, 'uncommitted')
  }

  find(keyBytes: Uint8Array, asOfMs: number | undefined, isolation: Isolation): VersionedEntry<unknown> | undefined {
    let validTo: number | undefined
    for (const { timestamp, valueBytes } of this.#versions(keyBytes, isolation)) {
      const isWanted = asOfMs === undefined || timestamp <= asOfMs
      // Beyond retention only a version that is still valid is known to be the right one.
      if (isWanted && asOfMs !== undefined && asOfMs < this.liveFrom && validTo !== undefined) return undefined
      if (isWanted) return valueBytes === null ? undefined : { value: this.read(valueBytes), timestamp, validTo }
      validTo = timestamp
    }
    return undefined
  }

  /** Versions of a key, latest first. */
  *history(keyBytes: Uint8Array, isolation: Isolation): Generator<VersionedEntry<unknown>> {
    let validTo: number | undefined
    for (const { timestamp, valueBytes } of this.#versions(keyBytes, isolation)) {
      if (valueBytes !== null) yield { value: this.read(valueBytes), timestamp, validTo }
      validTo = timestamp
    }
  }

  /** Of every key the version that was valid at a time, or is; keys by length first, then by bytes, backward. */
  *rows(asOfMs: number | undefined, isolation: Isolation): Generator<Version & { keyBytes: Buffer; validTo?: number }> {
    let current: Buffer | undefined
    let validTo: number | undefined
    let isFound = false
    for (const [stored, bytes] of this.#range(versionsOnly, isolation)) {
      const { keyBytes, timestamp } = splitVersionKey(stored)
      if (current === undefined || !current.equals(keyBytes)) {
        current = Buffer.from(keyBytes)
        validTo = undefined
        isFound = false
      }
      const isWanted = !isFound && (asOfMs === undefined || timestamp <= asOfMs)
      const isKnown = asOfMs === undefined || asOfMs >= this.liveFrom || validTo === undefined
      if (isWanted) {
        isFound = true
        const { valueBytes } = versionOf(stored, bytes)
        if (valueBytes !== null && isKnown) {
          yield { keyBytes: current, timestamp, valueBytes, ...(validTo !== undefined && { validTo }) }
        }
      }
      validTo = timestamp
    }
  }

  read(valueBytes: Uint8Array): unknown {
    const value = this.valueSerde.deserialize(valueBytes)
    this.#strict?.read(value)
    return value
  }

  /**
   * Writes the time down with what is committed. It belongs to the versions, as what came too late does: a task that begins
   * again is told times that are beyond those at which its changelog was written.
   */
  noteTime(): void {
    if (this.time === this.#notedTime) return
    this.#notedTime = this.time
    this.#write(timeKey, Buffer.alloc(0), this.time)
  }

  /** What is not committed is gone. */
  discard(): void {
    this.bytes.discard()
    this.#findTime()
  }

  /**
   * Changelog records, straight into the committed layer. What came too late is decided anew, by the time that the store had
   * come to when it was put: rows that are valid to this day may have been put longer ago than versions are kept.
   */
  restore(batches: Iterable<RecordBatchView>, firstOffset: number): number {
    // The store may have been emptied.
    this.#findTime()
    const records = this.#restore(batches, firstOffset)
    this.noteTime()
    return records
  }

  #findTime(): void {
    const noted = this.bytes.committed.get(timeKey)
    this.time = this.#notedTime = noted === undefined ? -1 : readMillis(asBuffer(noted), 0)
  }

  #restore(batches: Iterable<RecordBatchView>, firstOffset: number): number {
    let records = 0
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.next()) {
        const key = cursor.keyBytes()
        if (cursor.offset < firstOffset || key === null) continue
        records++
        this.#apply(key, cursor.valueBytes(), cursor.timestamp)
      }
    }
    return records
  }

  #apply(keyBytes: Uint8Array, valueBytes: Uint8Array | null, timestamp: number): VersionPut {
    if (timestamp < this.liveFrom) return 'expired'
    if (timestamp > this.time) this.time = timestamp
    const latest = this.#latestTime(keyBytes)
    const stored = Buffer.allocUnsafe(1 + (valueBytes?.length ?? 0))
    stored[0] = valueBytes === null ? isDeletion : isValue
    if (valueBytes !== null) stored.set(valueBytes, 1)
    this.#write(versionKey(keyBytes, timestamp), stored, timestamp)
    if (valueBytes === null) this.#write(deletionKey(timestamp, keyBytes), Buffer.alloc(0), timestamp)
    this.#dropOld(keyBytes)
    this.#sweep()
    return latest === undefined || timestamp >= latest ? 'latest' : 'older'
  }

  #latestTime(keyBytes: Uint8Array): number | undefined {
    for (const { timestamp } of this.#versions(keyBytes, 'uncommitted')) return timestamp
    return undefined
  }

  /** Versions of the key that ended before what can be asked for, the eldest first. */
  #dropOld(keyBytes: Uint8Array): void {
    const horizon = this.liveFrom
    const gone: number[] = []
    let eldest: number | undefined
    for (const { timestamp } of this.#versions(keyBytes, 'uncommitted', false)) {
      if (timestamp >= horizon) break
      if (eldest !== undefined) gone.push(eldest)
      eldest = timestamp
    }
    for (const timestamp of gone) this.#write(versionKey(keyBytes, timestamp), null, timestamp)
  }

  /** Deletions that nobody can ask about any more, and what they ended: a tenth of retention at a time. */
  #sweep(): void {
    const horizon = this.liveFrom
    if (horizon <= 0 || horizon - this.#sweptUpTo < this.historyRetentionMs / 10) return
    this.#sweptUpTo = horizon
    const to = deletionKey(horizon, Buffer.alloc(0))
    const found = [...this.bytes.range({ from: Buffer.of(deletionSpace), to })].map(([key]) => Buffer.from(key))
    for (const key of found) {
      const deletedAt = readMillis(key, 1)
      const keyBytes = key.subarray(1 + timestampBytes)
      for (const { timestamp } of [...this.#versions(keyBytes, 'uncommitted')]) {
        if (timestamp <= deletedAt) this.#write(versionKey(keyBytes, timestamp), null, timestamp)
      }
      this.#write(key, null, deletedAt)
    }
  }

  /** Not logged: the changelog has the versions as they were put. */
  #write(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    this.bytes.put(key, value, timestamp)
  }

  *#versions(keyBytes: Uint8Array, isolation: Isolation, reverse = true): Generator<Version> {
    const from = versionKey(keyBytes, 0)
    const options = { from, to: versionKey(keyBytes, Number.MAX_SAFE_INTEGER), reverse }
    for (const [key, stored] of this.#range(options, isolation)) yield versionOf(key, stored)
  }

  #range(options: ByteRange, isolation: Isolation): Iterable<readonly [Uint8Array, Uint8Array]> {
    return isolation === 'committed' ? this.bytes.committed.range(options) : this.bytes.range(options)
  }

  #valueBytes(value: unknown): Uint8Array {
    const checked = this.#strict === undefined ? value : this.#strict.put(value, this.valueSerde, this.#name)
    return this.#serialized(this.valueSerde, checked)
  }

  #serialized(serde: AnySerde, value: unknown): Uint8Array {
    try {
      return serde.serialize(value)
    } catch (cause) {
      throw new StageFailure('produce', cause)
    }
  }
}

/** The key's length stands in front, so that versions of other keys do not lie in between. */
function versionKey(keyBytes: Uint8Array, timestamp: number): Buffer {
  const bytes = Buffer.allocUnsafe(5 + keyBytes.length + timestampBytes)
  bytes[0] = versionSpace
  bytes.writeUInt32BE(keyBytes.length, 1)
  bytes.set(keyBytes, 5)
  writeMillis(bytes, timestamp, 5 + keyBytes.length)
  return bytes
}

function splitVersionKey(stored: Uint8Array): { keyBytes: Buffer; timestamp: number } {
  const bytes = asBuffer(stored)
  const end = bytes.length - timestampBytes
  return { keyBytes: bytes.subarray(5, end), timestamp: readMillis(bytes, end) }
}

function versionOf(key: Uint8Array, stored: Uint8Array): Version {
  const buffer = asBuffer(stored)
  const valueBytes = buffer[timestampBytes] === isValue ? buffer.subarray(timestampBytes + 1) : null
  return { timestamp: readMillis(asBuffer(key), key.length - timestampBytes), valueBytes }
}

function deletionKey(timestamp: number, keyBytes: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(1 + timestampBytes + keyBytes.length)
  bytes[0] = deletionSpace
  writeMillis(bytes, timestamp, 1)
  bytes.set(keyBytes, 1 + timestampBytes)
  return bytes
}

export function openVersionedStore(
  spec: SpecOf<'versioned'>,
  environment: StoreEnvironment,
): TaskStore<VersionedStore> {
  const { committed } = environment
  const bytes = new StoreBytes(committed, undefined)
  const store = new VersionedStore(spec, bytes, environment)
  return {
    access: store,
    get uncommittedBytes() {
      return bytes.uncommittedBytes
    },
    checkpoint: () => committed.checkpoint(),
    flush: () => true,
    get latestTime() {
      return store.time
    },
    set latestTime(time) {
      store.time = time
    },
    writing(nextOffset) {
      store.noteTime()
      return bytes.writing(nextOffset)
    },
    commit(nextOffset) {
      store.noteTime()
      bytes.commit(nextOffset)
    },
    discard: () => store.discard(),
    restore(batches, { firstOffset, nextOffset }) {
      const records = store.restore(batches, firstOffset)
      bytes.commit(nextOffset)
      return records
    },
    view: (isolation) => versionedView(store, isolation),
    close: () => committed.close(),
  }
}

function versionedView(store: VersionedStore, isolation: Isolation): ReadOnlyVersionedStore {
  function* versions(key: unknown, query: VersionsQuery): Generator<VersionedEntry<unknown>> {
    const { fromMs = Number.NEGATIVE_INFINITY, toMs = Number.POSITIVE_INFINITY, ascending = false } = query
    const all = store.history(store.keySerde.serialize(key), isolation)
    for (const entry of ascending ? [...all].reverse() : all) {
      const { timestamp, validTo = Number.POSITIVE_INFINITY } = entry
      if (timestamp <= toMs && validTo > fromMs && validTo > store.liveFrom) yield entry
    }
  }
  function* rows(query: VersionedRowsQuery<unknown>): Generator<VersionedEntry<unknown> & { key: unknown }> {
    const { asOfMs } = query
    const keys = keysWithin(store.keySerde, query)
    if (keys.only !== undefined) {
      const found = store.find(keys.only, asOfMs, isolation)
      if (found !== undefined) yield { key: store.keySerde.deserialize(keys.only), ...found }
      return
    }
    for (const { keyBytes, timestamp, valueBytes, validTo } of store.rows(asOfMs, isolation)) {
      if (!keys.contain(keyBytes)) continue
      yield { key: store.keySerde.deserialize(keyBytes), value: store.read(valueBytes!), timestamp, validTo }
    }
  }
  return {
    kind: 'versioned',
    get: (key, asOfMs) => store.find(store.keySerde.serialize(key), asOfMs, isolation),
    versions,
    rows,
  }
}
