import type { Header } from '@millrace/protocol'
import { noHeaders, type RecordContext } from '../record-context.ts'

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

/**
 * Default of `cacheMaxBytes`. Kafka Streams' is 10 MiB, of which it counts the bytes of keys and values alone; here an
 * entry counts with what it costs in memory.
 */
export const defaultCacheMaxBytes = 64 * 1024 * 1024

/** What an entry costs beside the bytes of its key and value: the entry, its place in the map, objects instead of bytes. */
export const entryOverheadBytes = 300

/** An update held back: the newest value of a key, and the record that it came from. */
export class CacheEntry implements RecordContext {
  readonly key: unknown
  /** Window stores: start of the window. */
  readonly windowStart: number
  /** null: deleted. */
  value: unknown = null
  valueTimestamp = -1
  /** The value as bytes, where they are known already; undefined: serialise `value`. */
  valueBytes: Uint8Array | null | undefined
  /** The value as last flushed or read, where old values are asked for; null: none; undefined: the store knows. */
  flushedBytes: Uint8Array | null | undefined
  /** Whether another step has looked up what is held back: a join, which made a result of it. */
  wasShown = false
  sizeBytes = 0
  /** When it was last used, by the store's count of uses; -1 when it is no longer cached. */
  usedAt = 0
  /** Its place among the updates to be written down; -1 when there is nothing to write. */
  dirtyAt = -1
  /** Its number in what finds it by its key. */
  place = -1
  topic = ''
  partition = -1
  offset = -1
  timestamp = -1
  headers: readonly Header[] = noHeaders

  constructor(key: unknown, windowStart: number) {
    this.key = key
    this.windowStart = windowStart
  }

  get isDirty(): boolean {
    return this.dirtyAt >= 0
  }

  cameFrom(record: RecordContext): void {
    this.topic = record.topic
    this.partition = record.partition
    this.offset = record.offset
    this.timestamp = record.timestamp
    this.headers = record.headers
  }
}

/** How a cache serves its store. */
export interface CacheFigures {
  /** Reads that it answered, and reads that it did not. */
  readonly hits: number
  readonly misses: number
  /** By estimate. */
  readonly sizeBytes: number
}

/** Superseded places in the list of updates are swept out when they are this many times those that count. */
const staleTimesMax = 4
const staleMin = 4_096

/**
 * Order of one store's cached entries, as Kafka Streams' NamedCache keeps it: least recently used for eviction, and
 * dirty ones by when they were last written. A full cache evicts its own store's eldest entry, and an eldest that is
 * dirty makes everything dirty in that store be flushed.
 *
 * Kept without linked lists, which touch two more entries at every use: far apart in memory, they were what a large
 * cache spent its time on. A use writes a number into its entry, an update goes to the end of a plain array; entries
 * are sorted by their numbers when something has to be evicted, and again when those have all been used or evicted since.
 */
export class CacheOrder implements CacheFigures {
  hits = 0
  misses = 0
  readonly #budget: RecordCache
  readonly #entries: () => Iterable<CacheEntry>
  #uses = 0
  /** Entries by last use as of `#sortedAt`, and how far they have been evicted. */
  #sorted: CacheEntry[] = []
  #sortedAt = 0
  #nextSorted = 0
  #updates: CacheEntry[] = []
  #nextUpdate = 0
  #dirtyCount = 0
  #sizeBytes = 0

  constructor(budget: RecordCache, entries: () => Iterable<CacheEntry>) {
    this.#budget = budget
    this.#entries = entries
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get isOverBudget(): boolean {
    return this.#budget.isFull
  }

  /** The entry that was not used for longest. */
  eldest(): CacheEntry | undefined {
    for (;;) {
      for (; this.#nextSorted < this.#sorted.length; this.#nextSorted++) {
        const entry = this.#sorted[this.#nextSorted]!
        if (entry.usedAt >= 0 && entry.usedAt <= this.#sortedAt) return entry
      }
      this.#sorted = [...this.#entries()].sort((a, b) => a.usedAt - b.usedAt)
      this.#sortedAt = this.#uses
      this.#nextSorted = 0
      if (this.#sorted.length === 0) return undefined
    }
  }

  add(entry: CacheEntry, sizeBytes: number): void {
    entry.usedAt = ++this.#uses
    this.resize(entry, sizeBytes)
  }

  resize(entry: CacheEntry, sizeBytes: number): void {
    const grown = sizeBytes - entry.sizeBytes
    this.#sizeBytes += grown
    this.#budget.sizeBytes += grown
    entry.sizeBytes = sizeBytes
  }

  touch(entry: CacheEntry): void {
    entry.usedAt = ++this.#uses
  }

  /** The entry must be clean. */
  remove(entry: CacheEntry): void {
    entry.usedAt = -1
    this.resize(entry, 0)
  }

  /** Moves the entry to the end of what is to be flushed. */
  markDirty(entry: CacheEntry): void {
    if (entry.dirtyAt < 0) this.#dirtyCount++
    else if (entry.dirtyAt === this.#updates.length - 1) return
    entry.dirtyAt = this.#updates.length
    this.#updates.push(entry)
    if (this.#updates.length > staleMin + staleTimesMax * this.#dirtyCount) this.#sweep()
  }

  /** The entry is not to be flushed any more. */
  unmark(entry: CacheEntry): void {
    if (entry.dirtyAt < 0) return
    entry.dirtyAt = -1
    this.#dirtyCount--
  }

  /** Takes the first of what is to be flushed. */
  takeDirty(): CacheEntry | undefined {
    while (this.#nextUpdate < this.#updates.length) {
      const at = this.#nextUpdate++
      const entry = this.#updates[at]!
      if (entry.dirtyAt !== at) continue
      entry.dirtyAt = -1
      this.#dirtyCount--
      return entry
    }
    this.#updates = []
    this.#nextUpdate = 0
    return undefined
  }

  clear(): void {
    this.#budget.sizeBytes -= this.#sizeBytes
    this.#sizeBytes = 0
    this.#sorted = []
    this.#updates = []
    this.#nextSorted = this.#nextUpdate = this.#dirtyCount = 0
  }

  #sweep(): void {
    const updates = this.#updates.filter((entry, at) => at >= this.#nextUpdate && entry.dirtyAt === at)
    updates.forEach((entry, at) => {
      entry.dirtyAt = at
    })
    this.#updates = updates
    this.#nextUpdate = 0
  }
}
