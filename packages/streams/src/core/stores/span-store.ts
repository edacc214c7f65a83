import type { Serde } from '@millrace/contracts'
import { type Pace, stepsPerLook } from '../pace.ts'
import type { TaskRecordContext } from '../record-context.ts'
import { StageFailure } from '../stage-failure.ts'
import { asBuffer, bytesText, justAfter, readMillis, timestampBytes } from './bytes.ts'
import { CacheEntry, type CacheFigures, CacheOrder, entryOverheadBytes } from './record-cache.ts'
import type { SpanLayout } from './span-layout.ts'
import type { StoreUpdate } from './state-store.ts'
import type { StoreBytes } from './store-bytes.ts'
import type { StoreEnvironment } from './task-store.ts'

/** A value that belongs to a span of time of a key: a session, or a sliding window. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly value: unknown
  readonly timestamp: number
}

/** An update that a span store lets through. One object is used for all: read it at once. */
export interface SpanUpdate extends StoreUpdate {
  windowEnd: number
}

export interface SpanStoreOptions extends Omit<StoreEnvironment, 'committed' | 'changelog'> {
  readonly name: string
  readonly layout: SpanLayout
  readonly retentionMs: number
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  readonly bytes: StoreBytes
}

class SpanEntry extends CacheEntry {
  readonly windowEnd: number
  /** What finds the spans of its key: the key itself where it is a primitive, its bytes as text otherwise. */
  readonly identity: unknown
  /** What the spans of a key are ordered by. */
  readonly time: number

  constructor(key: unknown, identity: unknown, start: number, end: number, time: number) {
    super(key, start)
    this.identity = identity
    this.windowEnd = end
    this.time = time
  }
}

/** What is cached of a key: in the order of time, removed ones included until they are written down. */
interface KeySpans {
  readonly entries: SpanEntry[]
  /** What the store has from this time on is all cached: looking there again would find nothing new. */
  coveredFrom: number
}

/** So many spans of a key are taken into the cache when they are looked up first; where there are more they are read each time. */
const coveredMax = 64

/**
 * Spans of time by key, as operators use them: found by key and time, several at once. As `StateStore` it holds updates
 * back as objects where there is a cache, and what comes and goes between two commits never reaches the store, so that
 * a session that grows with every record is written once.
 */
export class SpanStore {
  readonly name: string
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  readonly bytes: StoreBytes
  readonly layout: SpanLayout
  /** Set by the operator that owns the store, before the first record. */
  onUpdate: (update: SpanUpdate) => void = () => {}
  sendOldValues = false
  /** Greatest time of a span that was put: what is further back than retention is expired. */
  latestTime = Number.NEGATIVE_INFINITY
  /** Counts how often the contents were replaced behind the operator's back: aborted transactions. */
  generation = 0
  #committedLatest = Number.NEGATIVE_INFINITY
  readonly #retentionMs: number
  readonly #context: TaskRecordContext
  readonly #onFlushFailure: (error: unknown) => void
  readonly #onPut: () => void
  readonly #strict: SpanStoreOptions['strict']
  readonly #order: CacheOrder | undefined
  readonly #keys = new Map<unknown, KeySpans>()
  #averageValueBytes = 64
  readonly #update: SpanUpdate = {
    key: null,
    windowStart: 0,
    windowEnd: 0,
    value: null,
    oldValue: null,
    timestamp: -1,
    keyBytes: new Uint8Array(0),
    valueBytes: null,
  }

  constructor(options: SpanStoreOptions) {
    this.name = options.name
    this.layout = options.layout
    this.keySerde = options.keySerde
    this.valueSerde = options.valueSerde
    this.bytes = options.bytes
    this.#retentionMs = options.retentionMs
    this.#context = options.context
    this.#onFlushFailure = options.onFlushFailure
    this.#onPut = options.onPut
    this.#strict = options.strict
    this.#order = options.cache && new CacheOrder(options.cache, () => this.#entries())
  }

  get cache(): CacheFigures | undefined {
    return this.#order
  }

  /** First time that is not expired. */
  get liveFrom(): number {
    return this.latestTime - this.#retentionMs + 1
  }

  /**
   * Spans of the key whose time (see `SpanLayout`) is `from` or later and that start no later than `to`, in the order of
   * time. They stay valid when spans are put.
   */
  find(key: unknown, from: number, to: number): Span[] {
    const live = Math.max(0, from, this.liveFrom)
    const found: Span[] = []
    const spans = this.#order && this.#covered(key, from, live)
    if (spans !== undefined) {
      this.#order!.hits++
      for (let at = lowerBound(spans.entries, live); at < spans.entries.length; at++) {
        const entry = spans.entries[at]!
        if (entry.value !== null && entry.windowStart <= to) found.push(spanOf(entry))
      }
      return found
    }
    if (this.#order !== undefined) this.#order.misses++
    const { layout } = this
    for (const [stored, value] of this.#scan(this.keySerde.serialize(key), live, to)) {
      const start = layout.startOf(stored)
      if (start > to) continue
      const timestamp = readMillis(value, 0)
      found.push({ start, end: layout.endOf(stored), value: this.#parsed(value.subarray(timestampBytes)), timestamp })
    }
    return this.#order === undefined ? found : this.#withCached(found, key, live, to)
  }

  /** One span of the key; undefined where there is none, or where it is expired. */
  get(key: unknown, start: number, end: number): Span | undefined {
    return this.layout.timeOf(start, end) < this.liveFrom ? undefined : this.getKept(key, start, end)
  }

  /** What was written down and handed on, without what the cache holds back. */
  readonly written: Pick<SpanStore, 'get'> = {
    get: (key, start, end) => this.#read(key, start, end),
  }

  /** As `get`, expired ones too as long as they are there: until the next commit at least. */
  getKept(key: unknown, start: number, end: number): Span | undefined {
    const entry = this.#entry(key, start, end)
    if (entry !== undefined) return entry.value === null ? undefined : spanOf(entry)
    return this.#read(key, start, end)
  }

  #read(key: unknown, start: number, end: number): Span | undefined {
    const stored = this.bytes.get(this.layout.keyBytes(this.keySerde.serialize(key), start, end))
    if (stored === undefined) return undefined
    return { start, end, value: this.#parsed(stored.subarray(timestampBytes)), timestamp: readMillis(stored, 0) }
  }

  /** `given` null removes; `oldValue` is what the caller found there. */
  put(key: unknown, start: number, end: number, given: unknown, oldValue: unknown, timestamp: number): void {
    this.#onPut()
    const { layout } = this
    const time = layout.timeOf(start, end)
    if (time > this.latestTime) this.latestTime = time
    const value =
      this.#strict === undefined || given === null ? given : this.#strict.put(given, this.valueSerde, this.name)
    if (this.#order === undefined) {
      const valueBytes = value === null ? null : this.#valueBytes(value)
      const keyBytes = layout.keyBytes(this.keySerde.serialize(key), start, end)
      const at = value === null ? this.#context.timestamp : timestamp
      this.bytes.put(keyBytes, valueBytes, at)
      this.#tell(key, start, end, value, this.sendOldValues ? oldValue : null, at, keyBytes, valueBytes)
      return
    }
    const entry = this.#entryFor(this.#order, key, start, end, time, value === null)
    if (entry === undefined) return
    entry.value = kept(value)
    entry.valueTimestamp = timestamp
    entry.valueBytes = undefined
    entry.cameFrom(this.#context)
    this.#order.markDirty(entry)
    if (this.#order.isOverBudget) this.#evict(this.#order)
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
      this.#flushEntry(order, entry as SpanEntry)
      if (pace !== undefined && ++steps % stepsPerLook === 0 && pace.isOver()) return false
    }
    return true
  }

  /** What was put is committed now. */
  noteCommit(): void {
    this.#committedLatest = this.latestTime
  }

  /** Back to the last commit: drops the cache, what was not written down is lost. */
  dropCache(): void {
    this.#order?.clear()
    this.#keys.clear()
    this.latestTime = this.#committedLatest
    this.generation++
  }

  /** What the cache holds: null for a removal, undefined where it says nothing. Counts as no use of the entry. */
  peek(key: unknown, start: number, end?: number): Span | null | undefined {
    const entry = this.#entry(key, start, end ?? start)
    if (entry === undefined || !entry.isDirty) return undefined
    return entry.value === null ? null : spanOf(entry)
  }

  #entry(key: unknown, start: number, end: number): SpanEntry | undefined {
    const entries = this.#keys.get(this.#identityOf(key))?.entries
    const at = entries === undefined ? -1 : indexOf(entries, this.layout.timeOf(start, end), start)
    return at < 0 ? undefined : entries![at]
  }

  *dirtyEntries(): Generator<CacheEntry> {
    for (const entry of this.#entries()) if (entry.isDirty) yield entry
  }

  keyBytesOf(entry: CacheEntry): Uint8Array {
    const { key, windowStart, windowEnd } = entry as SpanEntry
    return this.layout.keyBytes(this.keySerde.serialize(key), windowStart, windowEnd)
  }

  /** Keys of all spans as they are stored, the cache included, in no order; some may be gone. */
  *storedKeys(): Generator<Uint8Array> {
    for (const [stored] of this.bytes.range({})) yield stored
    for (const entry of this.dirtyEntries()) yield this.keyBytesOf(entry)
  }

  *#entries(): Generator<SpanEntry> {
    for (const { entries } of this.#keys.values()) yield* entries
  }

  /** The key's cached spans if they are all that there is from the time on; takes them into the cache if they are few. */
  #covered(key: unknown, from: number, live: number): KeySpans | undefined {
    const identity = this.#identityOf(key)
    const known = this.#keys.get(identity)
    if (known !== undefined && known.coveredFrom <= from) return known
    const { layout } = this
    const found: { start: number; end: number; stored: Buffer }[] = []
    for (const [stored, value] of this.#scan(this.keySerde.serialize(key), live, Number.POSITIVE_INFINITY)) {
      if (found.length === coveredMax) return undefined
      found.push({ start: layout.startOf(stored), end: layout.endOf(stored), stored: Buffer.from(value) })
    }
    const spans = known ?? { entries: [], coveredFrom: Number.POSITIVE_INFINITY }
    if (known === undefined) this.#keys.set(identity, spans)
    for (const { start, end, stored } of found) {
      if (indexOf(spans.entries, layout.timeOf(start, end), start) >= 0) continue
      const entry = this.#added(this.#order!, spans, kept(key), identity, start, end)
      const plain = stored.subarray(timestampBytes)
      entry.value = kept(this.#parsed(plain))
      entry.valueTimestamp = readMillis(stored, 0)
      if (this.sendOldValues) entry.flushedBytes = plain
    }
    spans.coveredFrom = from
    return spans
  }

  /** The entry to write to; undefined where the removal leaves nothing to be written. */
  #entryFor(
    order: CacheOrder,
    key: unknown,
    start: number,
    end: number,
    time: number,
    isRemoval: boolean,
  ): SpanEntry | undefined {
    const identity = this.#identityOf(key)
    let spans = this.#keys.get(identity)
    if (spans === undefined) {
      spans = { entries: [], coveredFrom: Number.POSITIVE_INFINITY }
      this.#keys.set(identity, spans)
    }
    const at = indexOf(spans.entries, time, start)
    if (at < 0) {
      const isNew = time >= spans.coveredFrom
      if (isNew && isRemoval) return undefined
      const entry = this.#added(order, spans, kept(key), identity, start, end)
      if (isNew) entry.flushedBytes = null
      return entry
    }
    const entry = spans.entries[at]!
    if (isRemoval && entry.flushedBytes === null) {
      order.unmark(entry)
      order.remove(entry)
      spans.entries.splice(at, 1)
      return undefined
    }
    order.touch(entry)
    return entry
  }

  #added(order: CacheOrder, spans: KeySpans, key: unknown, identity: unknown, start: number, end: number): SpanEntry {
    const entry = new SpanEntry(key, identity, start, end, this.layout.timeOf(start, end))
    spans.entries.splice(lowerBound(spans.entries, entry.time, start), 0, entry)
    order.add(entry, entryOverheadBytes + this.layout.suffixBytes + this.#averageValueBytes)
    return entry
  }

  /** What was read from the store, with what the cache holds over it. */
  #withCached(found: Span[], key: unknown, live: number, to: number): Span[] {
    const entries = this.#keys.get(this.#identityOf(key))?.entries ?? []
    if (entries.length === 0) return found
    const merged = found.filter(({ start, end }) => indexOf(entries, this.layout.timeOf(start, end), start) < 0)
    for (let at = lowerBound(entries, live); at < entries.length; at++) {
      const entry = entries[at]!
      if (entry.value !== null && entry.windowStart <= to) merged.push(spanOf(entry))
    }
    const timeOf = (span: Span): number => this.layout.timeOf(span.start, span.end)
    return merged.sort((a, b) => timeOf(a) - timeOf(b) || a.start - b.start)
  }

  *#scan(keyBytes: Uint8Array, from: number, latestStart: number): Generator<readonly [Buffer, Buffer]> {
    const { layout } = this
    const last = layout.kind === 'window' ? Math.min(latestStart, Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER
    if (last < from) return
    const lower = layout.kind === 'window' ? layout.keyBytes(keyBytes, from, 0) : layout.keyBytes(keyBytes, 0, from)
    const upper = justAfter(layout.keyBytes(keyBytes, last, last))
    for (const [stored, value] of this.bytes.range({ from: lower, to: upper })) {
      // Keys vary in length, so that spans of other keys may lie in between.
      if (stored.length !== lower.length || !layout.keyOf(stored).equals(keyBytes)) continue
      yield [asBuffer(stored), asBuffer(value)]
    }
  }

  #flushEntry(order: CacheOrder, entry: SpanEntry): void {
    let isWritten = false
    try {
      const keyBytes = this.keyBytesOf(entry)
      const valueBytes = entry.value === null ? null : this.#valueBytes(entry.value)
      const oldBytes = this.sendOldValues || valueBytes === null ? this.#flushedBytes(entry, keyBytes) : null
      if (valueBytes === null) this.#drop(order, entry)
      // A span that came and went between two flushes was never seen outside.
      if (valueBytes === null && oldBytes === null) return
      const oldValue = this.sendOldValues && oldBytes !== null ? this.valueSerde.deserialize(oldBytes) : null
      this.#context.assume(entry)
      const timestamp = valueBytes === null ? entry.timestamp : entry.valueTimestamp
      this.bytes.put(keyBytes, valueBytes, timestamp)
      isWritten = true
      if (valueBytes !== null) this.#noteFlushed(order, entry, keyBytes, valueBytes)
      const { key, windowStart, windowEnd, value } = entry
      this.#tell(key, windowStart, windowEnd, value, oldValue, timestamp, keyBytes, valueBytes)
    } catch (error) {
      // What could not be written down must not be read as if it had been, if the handler goes on without it.
      if (!isWritten && entry.usedAt >= 0) this.#drop(order, entry)
      this.#context.assume(entry)
      this.#onFlushFailure(error)
    }
  }

  #noteFlushed(order: CacheOrder, entry: SpanEntry, keyBytes: Uint8Array, valueBytes: Uint8Array): void {
    const { length } = valueBytes
    this.#averageValueBytes += (length - this.#averageValueBytes) / 64
    entry.flushedBytes = this.sendOldValues ? valueBytes : undefined
    order.resize(entry, entryOverheadBytes + keyBytes.length + (this.sendOldValues ? 2 * length : length))
  }

  #flushedBytes(entry: SpanEntry, keyBytes: Uint8Array): Uint8Array | null {
    if (entry.flushedBytes !== undefined) return entry.flushedBytes
    const stored = this.bytes.get(keyBytes)
    return stored === undefined ? null : stored.subarray(timestampBytes)
  }

  #tell(
    key: unknown,
    start: number,
    end: number,
    value: unknown,
    oldValue: unknown,
    timestamp: number,
    keyBytes: Uint8Array,
    valueBytes: Uint8Array | null,
  ): void {
    const update = this.#update
    update.key = key
    update.windowStart = start
    update.windowEnd = end
    update.value = value
    update.oldValue = oldValue
    update.timestamp = timestamp
    update.keyBytes = keyBytes
    update.valueBytes = valueBytes
    // As in Kafka Streams' ProcessorContext#forward: downstream the update's time is the record's.
    const context = this.#context
    const timeBefore = context.timestamp
    context.timestamp = this.layout.kind === 'session' ? end : timestamp
    this.onUpdate(update)
    context.timestamp = timeBefore
  }

  /** As Kafka Streams: the eldest goes, and when it is dirty everything dirty in this store is written down. */
  #evict(order: CacheOrder): void {
    while (order.isOverBudget) {
      const eldest = order.eldest() as SpanEntry | undefined
      if (eldest === undefined) break
      if (eldest.isDirty) {
        const origin = this.#context.snapshot()
        this.flush()
        this.#context.assume(origin)
      }
      if (eldest.usedAt < 0) continue
      const spans = this.#keys.get(eldest.identity)!
      spans.coveredFrom = Math.max(spans.coveredFrom, eldest.time + 1)
      this.#drop(order, eldest)
    }
  }

  #drop(order: CacheOrder, entry: SpanEntry): void {
    order.remove(entry)
    const spans = this.#keys.get(entry.identity)!
    const at = indexOf(spans.entries, entry.time, entry.windowStart)
    if (at >= 0) spans.entries.splice(at, 1)
    if (spans.entries.length === 0) this.#keys.delete(entry.identity)
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

  #identityOf(key: unknown): unknown {
    return typeof key === 'object' ? bytesText(asBuffer(this.keySerde.serialize(key))) : key
  }
}

function spanOf(entry: SpanEntry): Span {
  return { start: entry.windowStart, end: entry.windowEnd, value: entry.value, timestamp: entry.valueTimestamp }
}

/** Place of the first entry that is not before the time (and start). */
function lowerBound(entries: readonly SpanEntry[], time: number, start = Number.NEGATIVE_INFINITY): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]!
    if (entry.time < time || (entry.time === time && entry.windowStart < start)) low = middle + 1
    else high = middle
  }
  return low
}

function indexOf(entries: readonly SpanEntry[], time: number, start: number): number {
  const at = lowerBound(entries, time, start)
  const entry = entries[at]
  return entry !== undefined && entry.time === time && entry.windowStart === start ? at : -1
}

/** Bytes are views of the batch they came in: a copy outlives it. */
function kept(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value) : value
}
