import { asBuffer, justAfter, readMillis, timestampBytes, writeMillis } from './bytes.ts'
import type { StateStore } from './state-store.ts'
import { mergeOver } from './store-bytes.ts'
import type { Isolation } from './task-store.ts'
import type {
  RangeQuery,
  ReadOnlyKeyValueStore,
  ReadOnlyWindowStore,
  StoreEntry,
  Timestamped,
  WindowEntry,
} from './views.ts'
import { keyOfWindowKey, windowKey, windowStartOf } from './window-key.ts'

type Entry = readonly [key: Uint8Array, value: Uint8Array]

/** A store's bytes as of an isolation level: committed alone, or with the open transaction and the cache over it. */
class BytesView {
  readonly store: StateStore
  readonly #isolation: Isolation

  constructor(store: StateStore, isolation: Isolation) {
    this.store = store
    this.#isolation = isolation
  }

  get(keyBytes: Uint8Array): Buffer | undefined {
    const { bytes } = this.store
    const found = this.#isolation === 'committed' ? bytes.committed.get(keyBytes) : bytes.get(keyBytes)
    return found && asBuffer(found)
  }

  *range(from: Uint8Array | undefined, to: Uint8Array | undefined, reverse: boolean): Generator<Entry> {
    const { bytes } = this.store
    if (this.#isolation === 'committed') yield* bytes.committed.range({ from, to, reverse })
    else yield* mergeOver(bytes.range({ from, to, reverse }), this.#cached(from, to, reverse), reverse)
  }

  get readsCache(): boolean {
    return this.#isolation === 'uncommitted'
  }

  read(stored: Buffer): Timestamped<unknown> {
    return {
      value: this.store.valueSerde.deserialize(stored.subarray(timestampBytes)),
      timestamp: readMillis(stored, 0),
    }
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

export function keyValueView(store: StateStore, isolation: Isolation): ReadOnlyKeyValueStore {
  const view = new BytesView(store, isolation)
  function* range(query: RangeQuery<unknown>): Generator<StoreEntry<unknown, unknown>> {
    const from = query.from === undefined ? undefined : store.keySerde.serialize(query.from)
    const to = query.to === undefined ? undefined : justAfter(store.keySerde.serialize(query.to))
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
      if (cached !== undefined) return cached ?? undefined
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

export function windowView(store: StateStore, isolation: Isolation, options: WindowViewOptions): ReadOnlyWindowStore {
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
  function* fetchAll(query: { fromMs: number; toMs: number }): Generator<WindowEntry<unknown, unknown>> {
    const from = Math.max(query.fromMs, liveFrom())
    for (const [found, stored] of view.range(undefined, undefined, false)) {
      const start = windowStartOf(found)
      if (start < from || start > query.toMs) continue
      yield entryOf(store.keySerde.deserialize(keyOfWindowKey(found)), start, asBuffer(stored))
    }
  }
  return {
    kind: 'window',
    get(key, windowStartMs) {
      if (windowStartMs < liveFrom()) return undefined
      const cached = view.readsCache ? store.peek(key, windowStartMs) : undefined
      if (cached !== undefined) return cached ?? undefined
      const stored = view.get(windowKey(store.keySerde.serialize(key), windowStartMs))
      return stored && view.read(stored)
    },
    fetch,
    fetchAll,
    all: () => fetchAll({ fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }),
  }
}
