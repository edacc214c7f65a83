import type { Header } from '@millrace/protocol'
import { noHeaders } from '../record-context.ts'

/**
 * The memory budget of the write-back caches of one thread: all stores of all its tasks share it. 0 turns caching off:
 * every update goes through to its store and is forwarded.
 *
 * Sizes are estimates, since values are held as objects: the size that a value last had as bytes, or that of the
 * store's average.
 */
export class RecordCache {
  readonly maxBytes: number
  sizeBytes = 0

  constructor(options: { maxBytes: number }) {
    this.maxBytes = options.maxBytes
  }

  get isFull(): boolean {
    return this.sizeBytes > this.maxBytes
  }
}

/** Default of `cacheMaxBytes`, as Kafka Streams' `statestore.cache.max.bytes`. */
export const defaultCacheMaxBytes = 10 * 1024 * 1024

/** What an entry costs beside its key and value. */
export const entryOverheadBytes = 150

/** The record that an update came from. */
export interface EntryOrigin {
  topic: string
  partition: number
  offset: number
  timestamp: number
  headers: readonly Header[]
}

/** An update held back: the newest value of a key, and where it came from. */
export class CacheEntry {
  readonly key: unknown
  /** What finds the entry again: the key itself where it is a primitive, its bytes as text otherwise. */
  readonly identity: unknown
  /** Window stores: start of the window. */
  readonly windowStart: number
  /** null: deleted. */
  value: unknown = null
  timestamp = -1
  /** The value as bytes, where they are known already; undefined: serialise `value`. */
  valueBytes: Uint8Array | null | undefined
  /** The value as last flushed or read, where old values are asked for; null: none; undefined: the store knows. */
  flushedBytes: Uint8Array | null | undefined
  dirty = false
  sizeBytes = 0
  readonly origin: EntryOrigin = { topic: '', partition: -1, offset: -1, timestamp: -1, headers: noHeaders }
  newer: CacheEntry | undefined
  older: CacheEntry | undefined
  dirtyBefore: CacheEntry | undefined
  dirtyAfter: CacheEntry | undefined

  constructor(key: unknown, identity: unknown, windowStart: number) {
    this.key = key
    this.identity = identity
    this.windowStart = windowStart
  }
}

/**
 * Order of one store's cached entries, as Kafka Streams' NamedCache keeps it: least recently used for eviction, and
 * dirty ones by when they were last written. A full cache evicts its own store's eldest entry, and an eldest that is
 * dirty makes everything dirty in that store be flushed.
 */
export class CacheOrder {
  readonly #budget: RecordCache
  #newest: CacheEntry | undefined
  #eldest: CacheEntry | undefined
  #firstDirty: CacheEntry | undefined
  #lastDirty: CacheEntry | undefined
  count = 0

  constructor(budget: RecordCache) {
    this.#budget = budget
  }

  get eldest(): CacheEntry | undefined {
    return this.#eldest
  }

  get isOverBudget(): boolean {
    return this.#budget.isFull
  }

  add(entry: CacheEntry, sizeBytes: number): void {
    this.count++
    entry.sizeBytes = sizeBytes
    this.#budget.sizeBytes += sizeBytes
    this.#pushNewest(entry)
  }

  resize(entry: CacheEntry, sizeBytes: number): void {
    this.#budget.sizeBytes += sizeBytes - entry.sizeBytes
    entry.sizeBytes = sizeBytes
  }

  touch(entry: CacheEntry): void {
    if (entry === this.#newest) return
    this.#unlink(entry)
    this.#pushNewest(entry)
  }

  remove(entry: CacheEntry): void {
    this.count--
    this.#budget.sizeBytes -= entry.sizeBytes
    this.#unlink(entry)
    if (entry.dirty) this.markClean(entry)
  }

  /** Moves the entry to the end of what is to be flushed. */
  markDirty(entry: CacheEntry): void {
    if (entry.dirty) {
      if (entry === this.#lastDirty) return
      this.#unlinkDirty(entry)
    }
    entry.dirty = true
    entry.dirtyBefore = this.#lastDirty
    if (this.#lastDirty) this.#lastDirty.dirtyAfter = entry
    else this.#firstDirty = entry
    this.#lastDirty = entry
  }

  markClean(entry: CacheEntry): void {
    this.#unlinkDirty(entry)
    entry.dirty = false
  }

  /** Takes the first of what is to be flushed. */
  takeDirty(): CacheEntry | undefined {
    const entry = this.#firstDirty
    if (entry) this.markClean(entry)
    return entry
  }

  clear(): void {
    for (let entry = this.#eldest; entry; entry = entry.newer) this.#budget.sizeBytes -= entry.sizeBytes
    this.count = 0
    this.#newest = this.#eldest = this.#firstDirty = this.#lastDirty = undefined
  }

  #pushNewest(entry: CacheEntry): void {
    entry.older = this.#newest
    entry.newer = undefined
    if (this.#newest) this.#newest.newer = entry
    else this.#eldest = entry
    this.#newest = entry
  }

  #unlink(entry: CacheEntry): void {
    if (entry.older) entry.older.newer = entry.newer
    else this.#eldest = entry.newer
    if (entry.newer) entry.newer.older = entry.older
    else this.#newest = entry.older
    entry.newer = entry.older = undefined
  }

  #unlinkDirty(entry: CacheEntry): void {
    if (entry.dirtyBefore) entry.dirtyBefore.dirtyAfter = entry.dirtyAfter
    else this.#firstDirty = entry.dirtyAfter
    if (entry.dirtyAfter) entry.dirtyAfter.dirtyBefore = entry.dirtyBefore
    else this.#lastDirty = entry.dirtyBefore
    entry.dirtyBefore = entry.dirtyAfter = undefined
  }
}
