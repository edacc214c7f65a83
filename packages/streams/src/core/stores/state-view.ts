import type { Serde } from '@millrace/contracts'
import { noHeaders } from '../record-context.ts'
import type { ByteStore } from './byte-store.ts'
import { asBuffer, justAfter, readMillis, timestampBytes, writeMillis } from './bytes.ts'
import type { CacheEntry } from './record-cache.ts'
import { keyOfSessionKey, sessionEndOf, sessionKey, sessionStartOf } from './session-key.ts'
import type { SpanStore } from './span-store.ts'
import type { StateStore } from './state-store.ts'
import { mergeOver, type StoreBytes } from './store-bytes.ts'
import type { Isolation } from './task-store.ts'
import type { WithHeaders } from './user-stores.ts'
import { headersOf, hidesHeaders } from './value-headers.ts'
import { boundsOf, keysWithin } from './view-bounds.ts'
import type {
  RangeQuery,
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyWindowStore,
  SessionEntry,
  SessionQuery,
  StoreEntry,
  Timestamped,
  WindowEntry,
  WindowRangeQuery,
} from './views.ts'
import { keyOfWindowKey, windowKey, windowStartOf } from './window-key.ts'

type Entry = readonly [key: Uint8Array, value: Uint8Array]
type CommittedBytes = Pick<ByteStore, 'get' | 'range'>

/** What views need of a store, whatever its kind. */
interface ViewedStore {
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
  readonly bytes: Pick<StoreBytes, 'get' | 'snapshot'> & { readonly committed: CommittedBytes }
  dirtyEntries(): Iterable<CacheEntry>
  keyBytesOf(entry: CacheEntry): Uint8Array
}

/** A store's bytes as of an isolation level: committed alone, or with the open transaction and the cache over it. */
class BytesView {
  readonly store: ViewedStore
  readonly #isolation: Isolation
  /** Rows have the headers beside the value, which the store's own serde leaves out. */
  readonly #addsHeaders: boolean

  constructor(store: ViewedStore, isolation: Isolation) {
    this.store = store
    this.#isolation = isolation
    this.#addsHeaders = hidesHeaders(store.valueSerde)
  }

  get(keyBytes: Uint8Array): Buffer | undefined {
    const { bytes } = this.store
    const found = this.#isolation === 'committed' ? bytes.committed.get(keyBytes) : bytes.get(keyBytes)
    return found && asBuffer(found)
  }

  *range(from: Uint8Array | undefined, to: Uint8Array | undefined, reverse: boolean): Generator<Entry> {
    const { bytes } = this.store
    if (this.#isolation === 'committed') yield* bytes.committed.range({ from, to, reverse })
    else yield* mergeOver(bytes.snapshot({ from, to, reverse }), this.#cached(from, to, reverse), reverse)
  }

  get readsCache(): boolean {
    return this.#isolation === 'uncommitted'
  }

  read(stored: Buffer): Timestamped<unknown> {
    const plain = stored.subarray(timestampBytes)
    const value = this.store.valueSerde.deserialize(plain)
    const timestamp = readMillis(stored, 0)
    return this.#addsHeaders ? rowWithHeaders(value, timestamp, headersOf(plain)) : { value, timestamp }
  }

  /** A row of the cache, whose headers are those that steps put: none. */
  cachedRow({ value, timestamp }: Timestamped<unknown>): Timestamped<unknown> {
    return this.#addsHeaders ? rowWithHeaders(value, timestamp, noHeaders) : { value, timestamp }
  }

  #cached(from: Uint8Array | undefined, to: Uint8Array | undefined, reverse: boolean): [Uint8Array, Buffer | null][] {
    const found: [Uint8Array, Buffer | null][] = []
    for (const entry of this.store.dirtyEntries()) {
      const key = this.store.keyBytesOf(entry)
      if (from !== undefined && Buffer.compare(key, from) < 0) continue
      if (to !== undefined && Buffer.compare(key, to) >= 0) continue
      if (entry.value === null) {
        found.push([key, null])
        continue
      }
      const value = this.store.valueSerde.serialize(entry.value)
      const stored = Buffer.allocUnsafe(timestampBytes + value.length)
      writeMillis(stored, entry.valueTimestamp, 0)
      stored.set(value, timestampBytes)
      found.push([key, stored])
    }
    return found.sort(([a], [b]) => Buffer.compare(a, b) * (reverse ? -1 : 1))
  }
}

export function keyValueView(
  store: ViewedStore & Pick<StateStore, 'peek'>,
  isolation: Isolation,
): ReadOnlyKeyValueStore {
  const view = new BytesView(store, isolation)
  function* range(query: RangeQuery<unknown>): Generator<StoreEntry<unknown, unknown>> {
    const [from, to] = boundsOf(store.keySerde, query)
    let left = query.limit ?? Number.POSITIVE_INFINITY
    if (left <= 0) return
    for (const [key, stored] of view.range(from, to, query.reverse ?? false)) {
      yield { key: store.keySerde.deserialize(key), ...view.read(asBuffer(stored)) }
      if (--left <= 0) return
    }
  }
  return {
    kind: 'keyValue',
    get(key) {
      const cached = view.readsCache ? store.peek(key) : undefined
      if (cached !== undefined) return cached === null ? undefined : view.cachedRow(cached)
      const stored = view.get(store.keySerde.serialize(key))
      return stored && view.read(stored)
    },
    range,
    all: () => range({}),
  }
}

export interface WindowViewOptions {
  readonly retentionMs: number
  readonly windowEnd: (startMs: number) => number
  /** Greatest start of a window that the store has seen: what is further back than retention is expired. */
  readonly latestStart: () => number
}

/** Window stores, of whichever class. */
type WindowedStore = ViewedStore & Pick<StateStore | SpanStore, 'peek'>

export function windowView(
  store: WindowedStore,
  isolation: Isolation,
  options: WindowViewOptions,
): ReadOnlyWindowStore {
  const view = new BytesView(store, isolation)
  const liveFrom = (): number => options.latestStart() - options.retentionMs + 1
  const entryOf = (key: unknown, start: number, stored: Buffer): WindowEntry<unknown, unknown> => {
    return { key, start, end: options.windowEnd(start), ...view.read(stored) }
  }
  function* fetch(
    key: unknown,
    query: { fromMs: number; toMs: number; reverse?: boolean },
  ): Generator<WindowEntry<unknown, unknown>> {
    const keyBytes = store.keySerde.serialize(key)
    const from = windowKey(keyBytes, Math.max(0, query.fromMs, liveFrom()))
    const to = justAfter(windowKey(keyBytes, Math.max(0, query.toMs)))
    if (query.toMs < 0) return
    for (const [found, stored] of view.range(from, to, query.reverse ?? false)) {
      // Keys vary in length, so that windows of other keys may lie in between.
      if (found.length !== from.length || !keyOfWindowKey(found).equals(keyBytes)) continue
      yield entryOf(key, windowStartOf(found), asBuffer(stored))
    }
  }
  function* fetchAll(query: WindowRangeQuery<unknown>): Generator<WindowEntry<unknown, unknown>> {
    const from = Math.max(query.fromMs, liveFrom())
    const keys = keysWithin(store.keySerde, query)
    for (const [found, stored] of view.range(keys.first, undefined, query.reverse ?? false)) {
      const start = windowStartOf(found)
      if (start < from || start > query.toMs || !keys.contain(keyOfWindowKey(found))) continue
      yield entryOf(store.keySerde.deserialize(keyOfWindowKey(found)), start, asBuffer(stored))
    }
  }
  return {
    kind: 'window',
    get(key, windowStartMs) {
      if (windowStartMs < liveFrom()) return undefined
      const cached = view.readsCache ? store.peek(key, windowStartMs) : undefined
      if (cached !== undefined) return cached === null ? undefined : view.cachedRow(cached)
      const stored = view.get(windowKey(store.keySerde.serialize(key), windowStartMs))
      return stored && view.read(stored)
    },
    fetch,
    fetchAll,
    all: () => fetchAll({ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }),
  }
}

export interface SessionViewOptions {
  /** First end of a session that is not expired. */
  readonly liveFrom: () => number
}

export function sessionView(store: SpanStore, isolation: Isolation, options: SessionViewOptions): ReadOnlySessionStore {
  const view = new BytesView(store, isolation)
  const entryOf = (key: unknown, found: Uint8Array, stored: Uint8Array): SessionEntry<unknown, unknown> => {
    return { key, start: sessionStartOf(found), end: sessionEndOf(found), ...view.read(asBuffer(stored)) }
  }
  function* findSessions(key: unknown, query: SessionQuery): Generator<SessionEntry<unknown, unknown>> {
    const keyBytes = store.keySerde.serialize(key)
    const earliestEnd = Math.max(0, query.earliestEndMs ?? 0, options.liveFrom())
    const latestStart = query.latestStartMs ?? Number.MAX_SAFE_INTEGER
    const from = sessionKey(keyBytes, 0, earliestEnd)
    const to = justAfter(sessionKey(keyBytes, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
    for (const [found, stored] of view.range(from, to, query.reverse ?? false)) {
      // Keys vary in length, so that sessions of other keys may lie in between.
      if (found.length !== from.length || !keyOfSessionKey(found).equals(keyBytes)) continue
      if (sessionStartOf(found) <= latestStart) yield entryOf(key, found, stored)
    }
  }
  return {
    kind: 'session',
    fetchSession(key, startMs, endMs) {
      if (endMs < options.liveFrom()) return undefined
      const cached = view.readsCache ? store.peek(key, startMs, endMs) : undefined
      if (cached !== undefined) return cached === null ? undefined : view.cachedRow(cached)
      const stored = view.get(sessionKey(store.keySerde.serialize(key), startMs, endMs))
      return stored && view.read(stored)
    },
    findSessions,
    fetch: (key) => findSessions(key, {}),
    *all(query = {}) {
      const live = options.liveFrom()
      const keys = keysWithin(store.keySerde, query)
      for (const [found, stored] of view.range(keys.first, undefined, query.reverse ?? false)) {
        if (sessionEndOf(found) < live || !keys.contain(keyOfSessionKey(found))) continue
        yield entryOf(store.keySerde.deserialize(keyOfSessionKey(found)), found, stored)
      }
    },
  }
}

function rowWithHeaders(
  value: unknown,
  timestamp: number,
  headers: WithHeaders['headers'],
): Timestamped<unknown> & WithHeaders {
  return { value, timestamp, headers }
}
