import { type Serde, serdes } from '@millrace/contracts'
import type { FlowRecord } from '../flow-record.ts'
import { type Pace, stepsPerLook } from '../pace.ts'
import type { TaskRecordContext } from '../record-context.ts'
import { StageFailure } from '../stage-failure.ts'
import { readMillis, timestampBytes } from './bytes.ts'
import { KeyIndex } from './key-index.ts'
import { CacheEntry, type CacheFigures, CacheOrder, entryOverheadBytes } from './record-cache.ts'
import type { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment } from './task-store.ts'
import type { Timestamped } from './views.ts'
import { windowKey } from './window-key.ts'

/** An update that a store lets through. One object is used for all: read it at once. */
export interface StoreUpdate {
  key: unknown
  windowStart: number
  /** null: deleted. */
  value: unknown
  /** What it replaces, where listeners want to know; null: nothing. */
  oldValue: unknown
  timestamp: number
  /** As stored: with the start of the window behind the key, if there is one. */
  keyBytes: Uint8Array
  valueBytes: Uint8Array | null
}

/** Told of every update: at once, or when the cache in front of the store is written down. */
export type UpdateListener = (update: StoreUpdate) => void

/** What a key-value store passes for the start of a window. */
export const noWindow = 0

export interface StateStoreOptions extends Omit<StoreEnvironment, 'committed' | 'changelog'> {
  readonly name: string
  readonly kind: 'keyValue' | 'window'
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  readonly bytes: StoreBytes
}

/**
 * A key-value or window store as operators use it: objects in, objects out. With a cache in front, updates of a key
 * replace each other as objects, and are serialised, logged and handed on when the cache is written down: at a commit
 * or when it is full.
 */
export class StateStore {
  readonly name: string
  readonly kind: 'keyValue' | 'window'
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  readonly bytes: StoreBytes
  /** Set by the operator that owns the store, before the first record. */
  onUpdate: UpdateListener = () => {}
  /** Whether listeners want to know what an update replaces; asked of the store only then. */
  sendOldValues = false
  /** Window stores: the greatest start of a window that was put. */
  latestStart = Number.NEGATIVE_INFINITY
  /** Counts how often the contents were replaced behind the operator's back: aborted transactions. */
  generation = 0
  readonly #context: TaskRecordContext
  readonly #onFlushFailure: (error: unknown) => void
  readonly #onPut: StateStoreOptions['onPut']
  readonly #strict: StateStoreOptions['strict']
  readonly #order: CacheOrder | undefined
  #index = new KeyIndex()
  /** The store was asked for this key last, and has none such. */
  #missedKey: unknown
  #missedStart = noWindow
  #hasMissed = false
  /** Whether the same bytes always are the same key, which then need not be parsed again. */
  readonly #sharesKeys: boolean
  #averageValueBytes = 64
  #lastUsed: CacheEntry | undefined
  /** What `get` answers with: one object, filled anew each time. */
  readonly #update: StoreUpdate = {
    key: null,
    windowStart: noWindow,
    value: null,
    oldValue: null,
    timestamp: -1,
    keyBytes: new Uint8Array(0),
    valueBytes: null,
  }
  readonly #row: { value: unknown; timestamp: number } = { value: null, timestamp: -1 }

  constructor(options: StateStoreOptions) {
    this.name = options.name
    this.kind = options.kind
    this.keySerde = options.keySerde
    this.valueSerde = options.valueSerde
    this.bytes = options.bytes
    this.#context = options.context
    this.#onFlushFailure = options.onFlushFailure
    this.#onPut = options.onPut
    this.#strict = options.strict
    this.#order = options.cache && new CacheOrder(options.cache, () => this.#index.values())
    this.#sharesKeys = (options.keySerde as unknown) === serdes.string
  }

  /** What was written down and handed on, without what the cache holds back. */
  readonly written: Pick<StateStore, 'look'> = {
    look: (key, windowStart = noWindow) => {
      const entry = this.#order && this.#index.find(this.keySerde.serialize(key), windowStart)
      return entry === undefined || entry.isDirty ? this.#read(key, windowStart) : this.#hit(this.#order!, entry)
    },
  }

  get isCached(): boolean {
    return this.#order !== undefined
  }

  get cache(): CacheFigures | undefined {
    return this.#order
  }

  /** For the step that owns the store. The answer is valid until the next call: read it at once. */
  get(key: unknown, windowStart: number = noWindow): Timestamped<unknown> | undefined {
    return this.#get(key, windowStart, true)
  }

  /**
   * As `get`, for all other steps: a full cache writes no updates down for them. They would be handed on at once, and come
   * to the step that is looking, or to one before it, while that is at work on another record: of two tables that are
   * joined, each looks into the other one's store. Steps reuse their records, so that the outer one would go on as the inner.
   */
  look(key: unknown, windowStart: number = noWindow): Timestamped<unknown> | undefined {
    const found = this.#get(key, windowStart, false)
    const entry = this.#lastUsed
    // Whoever looked may have made a result of it: see `#flushEntry`.
    if (found !== undefined && entry?.isDirty) entry.wasShown = true
    return found
  }

  /** As `get` for the key of a record, which is parsed only where nothing is cached. */
  getFor(record: FlowRecord, windowStart: number = noWindow): Timestamped<unknown> | undefined {
    return this.#getFor(record, windowStart, true)
  }

  /** As `look` for the key of a record. */
  lookFor(record: FlowRecord, windowStart: number = noWindow): Timestamped<unknown> | undefined {
    return this.#getFor(record, windowStart, false)
  }

  #get(key: unknown, windowStart: number, isOwner: boolean): Timestamped<unknown> | undefined {
    if (this.#order === undefined) return this.#read(key, windowStart)
    const keyBytes = this.keySerde.serialize(key)
    const entry = this.#index.find(keyBytes, windowStart)
    return entry === undefined ? this.#loaded(key, keyBytes, windowStart, isOwner) : this.#hit(this.#order, entry)
  }

  #getFor(record: FlowRecord, windowStart: number, isOwner: boolean): Timestamped<unknown> | undefined {
    const order = this.#order
    const keyBytes = order && record.keyBytesUnder(this.keySerde)
    if (!keyBytes) return this.#get(record.key, windowStart, isOwner)
    const entry = this.#index.find(keyBytes, windowStart)
    if (entry === undefined) return this.#loaded(record.key, keyBytes, windowStart, isOwner)
    if (this.#sharesKeys) record.noteKey(entry.key)
    return this.#hit(order!, entry)
  }

  #hit(order: CacheOrder, entry: CacheEntry): Timestamped<unknown> | undefined {
    order.hits++
    order.touch(entry)
    this.#lastUsed = entry
    return entry.value === null ? undefined : this.#found(entry.value, entry.valueTimestamp)
  }

  /**
   * `given` null deletes. `oldValue` is what the caller found there, null for nothing; `valueBytes` is the value's
   * serialised form where the caller has it.
   */
  put(
    key: unknown,
    windowStart: number,
    given: unknown,
    oldValue: unknown,
    timestamp: number,
    valueBytes?: Uint8Array,
  ): void {
    this.#onPut()
    if (windowStart > this.latestStart) this.latestStart = windowStart
    const isChecked = this.#strict !== undefined && given !== null && valueBytes === undefined
    const value = isChecked ? this.#strict!.put(given, this.valueSerde, this.name) : given
    if (this.#order === undefined) {
      const bytes = value === null ? null : (valueBytes ?? this.#valueBytes(value))
      const keyBytes = this.#keyBytes(key, windowStart)
      this.bytes.put(keyBytes, bytes, value === null ? this.#context.timestamp : timestamp)
      this.#tell(key, windowStart, value, this.sendOldValues ? oldValue : null, timestamp, keyBytes, bytes)
      return
    }
    const entry = this.#entryFor(this.#order, key, windowStart, valueBytes)
    entry.value = kept(value)
    entry.valueTimestamp = timestamp
    entry.valueBytes = valueBytes && Buffer.from(valueBytes)
    entry.cameFrom(this.#context)
    this.#order.markDirty(entry)
    if (this.#order.isOverBudget) this.#evict(this.#order)
  }

  /** The entry of the key, made where there is none. */
  #entryFor(order: CacheOrder, key: unknown, windowStart: number, valueBytes: Uint8Array | undefined): CacheEntry {
    const last = this.#lastUsed
    // Nearly every put follows a get of the same key.
    if (last !== undefined && last.windowStart === windowStart && Object.is(last.key, key)) {
      order.touch(last)
      return last
    }
    const keyBytes = this.keySerde.serialize(key)
    const found = this.#index.find(keyBytes, windowStart)
    if (found !== undefined) {
      order.touch(found)
      return found
    }
    const entry = new CacheEntry(kept(key), windowStart)
    if (this.#hasMissed && this.#missedStart === windowStart && Object.is(this.#missedKey, key)) {
      entry.flushedBytes = null
      // Holds once: after this update the store may have the key, also when its entry has been evicted again.
      this.#hasMissed = false
    }
    this.#index.add(entry, keyBytes)
    order.add(entry, sizeOf(keyBytes, valueBytes?.length ?? this.#averageValueBytes))
    return entry
  }

  /** A result that cannot be handed on; returns to skip it, throws to fail. */
  failed(error: unknown): void {
    this.#onFlushFailure(error)
  }

  /** Writes the cache down; see `TaskStore.flush`. */
  flush(pace?: Pick<Pace, 'isOver'>): boolean {
    const order = this.#order
    if (order === undefined) return true
    let steps = 0
    for (let entry = order.takeDirty(); entry; entry = order.takeDirty()) {
      this.#flushEntry(entry)
      if (pace !== undefined && ++steps % stepsPerLook === 0 && pace.isOver()) return false
    }
    return true
  }

  /** Drops the cache; what was not written down is lost. */
  dropCache(): void {
    this.#order?.clear()
    this.#index = new KeyIndex()
    this.#hasMissed = false
    this.#lastUsed = undefined
    this.generation++
  }

  /** What the cache holds back: null for a deletion, undefined where it says nothing. Counts as no use of the entry. */
  peek(key: unknown, windowStart: number = noWindow): Timestamped<unknown> | null | undefined {
    const entry = this.#order && this.#index.find(this.keySerde.serialize(key), windowStart)
    if (entry === undefined || !entry.isDirty) return undefined
    return entry.value === null ? null : { value: entry.value, timestamp: entry.valueTimestamp }
  }

  /** Updates that are held back, in no order. */
  *dirtyEntries(): Generator<CacheEntry> {
    for (const entry of this.#index.values()) if (entry.isDirty) yield entry
  }

  /** The bytes that the entry is stored under. */
  keyBytesOf(entry: CacheEntry): Uint8Array {
    const keyBytes = this.#index.keyOf(entry)
    return this.kind === 'keyValue' ? keyBytes : windowKey(keyBytes, entry.windowStart)
  }

  /** All keys as they are stored, the cache included, in no order; some may be gone. */
  *storedKeys(): Generator<Uint8Array> {
    for (const [stored] of this.bytes.range({})) yield stored
    for (const entry of this.dirtyEntries()) yield this.keyBytesOf(entry)
  }

  #flushEntry(entry: CacheEntry): void {
    let isWritten = false
    try {
      const keyBytes = this.keyBytesOf(entry)
      const valueBytes = entry.value === null ? null : (entry.valueBytes ?? this.#valueBytes(entry.value))
      const oldBytes = this.sendOldValues || valueBytes === null ? this.#flushedBytes(entry, keyBytes) : null
      // A key that came and went between two flushes is not in the store. Nobody has seen it, unless a join looked it up.
      const isGone = valueBytes === null && oldBytes === null
      if (isGone && !entry.wasShown) return
      entry.wasShown = false
      const oldValue = this.sendOldValues && oldBytes !== null ? this.valueSerde.deserialize(oldBytes) : null
      this.#context.assume(entry)
      const timestamp = valueBytes === null ? entry.timestamp : entry.valueTimestamp
      if (!isGone) this.bytes.put(keyBytes, valueBytes, timestamp)
      isWritten = true
      this.#noteFlushed(entry, keyBytes, valueBytes)
      this.#tell(entry.key, entry.windowStart, entry.value, oldValue, timestamp, keyBytes, valueBytes)
    } catch (error) {
      // What could not be written down must not be read as if it had been, if the handler goes on without it.
      if (!isWritten) this.#drop(entry)
      this.#context.assume(entry)
      this.#onFlushFailure(error)
    }
  }

  #tell(
    key: unknown,
    windowStart: number,
    value: unknown,
    oldValue: unknown,
    timestamp: number,
    keyBytes: Uint8Array,
    valueBytes: Uint8Array | null,
  ): void {
    const update = this.#update
    update.key = key
    update.windowStart = windowStart
    update.value = value
    update.oldValue = oldValue
    update.timestamp = timestamp
    update.keyBytes = keyBytes
    update.valueBytes = valueBytes
    // As in Kafka Streams' ProcessorContext#forward: downstream the update's time is the record's, also for deletions in
    // other stores' changelogs.
    const context = this.#context
    const timeBefore = context.timestamp
    context.timestamp = timestamp
    this.onUpdate(update)
    context.timestamp = timeBefore
  }

  #drop(entry: CacheEntry): void {
    this.#order!.remove(entry)
    if (entry === this.#lastUsed) this.#lastUsed = undefined
    this.#index.delete(entry)
  }

  #flushedBytes(entry: CacheEntry, keyBytes: Uint8Array): Uint8Array | null {
    if (entry.flushedBytes !== undefined) return entry.flushedBytes
    const stored = this.bytes.get(keyBytes)
    return stored === undefined ? null : stored.subarray(timestampBytes)
  }

  #noteFlushed(entry: CacheEntry, keyBytes: Uint8Array, valueBytes: Uint8Array | null): void {
    const valueLength = valueBytes?.length ?? 0
    this.#averageValueBytes += (valueLength - this.#averageValueBytes) / 64
    entry.valueBytes = undefined
    entry.flushedBytes = this.sendOldValues ? valueBytes : undefined
    const kept = this.sendOldValues ? 2 * valueLength : valueLength
    this.#order!.resize(entry, entryOverheadBytes + keyBytes.length + kept)
  }

  /** As Kafka Streams: the eldest goes, and when it is dirty everything dirty in this store is written down. */
  #evict(order: CacheOrder): void {
    while (order.isOverBudget) {
      const eldest = order.eldest()
      if (eldest === undefined) break
      if (eldest.isDirty) this.#flushInBetween()
      // Writing it down may have dropped it already.
      if (eldest.usedAt >= 0) this.#drop(eldest)
    }
  }

  /** For an entry that was only looked at; without any room it is not kept. */
  #makeRoom(order: CacheOrder, looked: CacheEntry): void {
    for (let eldest = order.eldest(); order.isOverBudget && eldest && !eldest.isDirty; eldest = order.eldest()) {
      this.#drop(eldest)
    }
    if (order.isOverBudget && looked.usedAt >= 0) this.#drop(looked)
  }

  /** Each entry is handed on as the record that it came from; then the record in hand goes on. */
  #flushInBetween(): void {
    const origin = this.#context.snapshot()
    this.flush()
    this.#context.assume(origin)
  }

  #read(key: unknown, windowStart: number): Timestamped<unknown> | undefined {
    const stored = this.bytes.get(this.#keyBytes(key, windowStart))
    if (stored === undefined) return undefined
    return this.#found(this.#parsed(stored.subarray(timestampBytes)), readMillis(stored, 0))
  }

  #loaded(key: unknown, keyBytes: Uint8Array, windowStart: number, isOwner: boolean): Timestamped<unknown> | undefined {
    this.#order!.misses++
    const stored = this.bytes.get(this.kind === 'keyValue' ? keyBytes : windowKey(keyBytes, windowStart))
    this.#hasMissed = stored === undefined
    if (stored === undefined) {
      this.#missedKey = key
      this.#missedStart = windowStart
      return undefined
    }
    const entry = new CacheEntry(kept(key), windowStart)
    const plain = stored.subarray(timestampBytes)
    entry.value = kept(this.#parsed(plain))
    entry.valueTimestamp = readMillis(stored, 0)
    if (this.sendOldValues) entry.flushedBytes = Buffer.from(plain)
    this.#index.add(entry, keyBytes)
    this.#order!.add(entry, sizeOf(keyBytes, plain.length))
    this.#lastUsed = entry
    if (this.#order!.isOverBudget) {
      if (isOwner) this.#evict(this.#order!)
      else this.#makeRoom(this.#order!, entry)
    }
    return this.#found(entry.value, entry.valueTimestamp)
  }

  #found(value: unknown, timestamp: number): Timestamped<unknown> {
    const row = this.#row
    row.value = value
    row.timestamp = timestamp
    return row
  }

  #valueBytes(value: unknown): Uint8Array {
    try {
      return this.valueSerde.serialize(value)
    } catch (cause) {
      throw new StageFailure('produce', cause)
    }
  }

  #parsed(bytes: Uint8Array): unknown {
    const value = this.valueSerde.deserialize(bytes)
    this.#strict?.read(value)
    return value
  }

  #keyBytes(key: unknown, windowStart: number): Uint8Array {
    const bytes = this.keySerde.serialize(key)
    return this.kind === 'keyValue' ? bytes : windowKey(bytes, windowStart)
  }
}

function sizeOf(keyBytes: Uint8Array, valueLength: number): number {
  return entryOverheadBytes + keyBytes.length + valueLength
}

/** Bytes are views of the batch they came in: a copy outlives it. */
function kept(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}
