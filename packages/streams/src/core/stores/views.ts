/** A value with the time of the record that made it. */
export interface Timestamped<V> {
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

export interface StoreEntry<K, V> extends Timestamped<V> {
  readonly key: K
}

export interface WindowEntry<K, V> extends StoreEntry<K, V> {
  /** Start of the window, inclusive, in epoch milliseconds. */
  readonly start: number
  /** End of the window, exclusive, in epoch milliseconds. */
  readonly end: number
}

export interface SessionEntry<K, V> extends StoreEntry<K, V> {
  /** Time of the session's first record, in epoch milliseconds. */
  readonly start: number
  /** Time of its last record, inclusive. */
  readonly end: number
}

/** Keys are ordered by their serialised bytes; `to` is inclusive, as in Kafka Streams' range queries. */
export interface RangeQuery<K> {
  readonly from?: K | undefined
  readonly to?: K | undefined
  /** Keys whose bytes begin so (text as UTF-8); narrows the bounds. */
  readonly prefix?: string | Uint8Array | undefined
  readonly reverse?: boolean | undefined
  readonly limit?: number | undefined
}

/** Windows of all keys; times are starts of windows, both bounds inclusive. */
export interface WindowRangeQuery<K> {
  readonly fromMs: number
  readonly toMs: number
  /** First and last key, inclusive; all unless given. */
  readonly from?: K | undefined
  readonly to?: K | undefined
  /** Keys whose bytes begin so. */
  readonly prefix?: string | Uint8Array | undefined
  readonly reverse?: boolean | undefined
}

/** Reading a key-value store. Iterate at once: an iterator does not outlive the next write to the store. */
export interface ReadOnlyKeyValueStore<K = unknown, V = unknown> {
  readonly kind: 'keyValue'
  get(key: K): Timestamped<V> | undefined
  range(query: RangeQuery<K>): Iterable<StoreEntry<K, V>>
  all(): Iterable<StoreEntry<K, V>>
}

/** Reading a window store: windows whose start lies in [fromMs, toMs], both inclusive, in order of their start. */
export interface ReadOnlyWindowStore<K = unknown, V = unknown> {
  readonly kind: 'window'
  get(key: K, windowStartMs: number): Timestamped<V> | undefined
  fetch(key: K, query: { fromMs: number; toMs: number; reverse?: boolean }): Iterable<WindowEntry<K, V>>
  /** Windows of all keys, in the order of their stored bytes: key first. */
  fetchAll(query: WindowRangeQuery<K>): Iterable<WindowEntry<K, V>>
  all(): Iterable<WindowEntry<K, V>>
}

export interface SessionQuery {
  /** Sessions that end at this time or later; all unless given. */
  readonly earliestEndMs?: number
  /** Sessions that start at this time or earlier; all unless given. */
  readonly latestStartMs?: number
  readonly reverse?: boolean
}

/** Reading a session store: sessions of a key in order of their end. */
export interface ReadOnlySessionStore<K = unknown, V = unknown> {
  readonly kind: 'session'
  /** The session from the time of its first record to that of its last one, both inclusive. */
  fetchSession(key: K, startMs: number, endMs: number): Timestamped<V> | undefined
  findSessions(key: K, query: SessionQuery): Iterable<SessionEntry<K, V>>
  /** All sessions of the key. */
  fetch(key: K): Iterable<SessionEntry<K, V>>
  /** Sessions of all keys, in the order of their stored bytes: key first. */
  all(query?: {
    readonly from?: K | undefined
    readonly to?: K | undefined
    readonly prefix?: string | Uint8Array | undefined
    readonly reverse?: boolean | undefined
  }): Iterable<SessionEntry<K, V>>
}

/** A value and the time that it was valid for, in epoch milliseconds. */
export interface VersionedEntry<V> extends Timestamped<V> {
  /** The time of the next version or deletion, exclusive; undefined while the version is the latest. */
  readonly validTo: number | undefined
}

export interface VersionsQuery {
  /** Versions that were valid at any time from here, inclusive; all that are kept unless given. */
  readonly fromMs?: number
  /** ... to here, inclusive. */
  readonly toMs?: number
  /** Latest first, as in Kafka Streams' MultiVersionedKeyQuery, unless true. */
  readonly ascending?: boolean
}

export interface VersionedRowsQuery<K> {
  readonly asOfMs?: number | undefined
  /** First and last key, inclusive; all unless given. */
  readonly from?: K | undefined
  readonly to?: K | undefined
  /** Keys whose bytes begin so. */
  readonly prefix?: string | Uint8Array | undefined
}

/** Reading a versioned store: what a key's value was at a time. */
export interface ReadOnlyVersionedStore<K = unknown, V = unknown> {
  readonly kind: 'versioned'
  /** The version that was valid at the time; the latest unless one is given. `timestamp` is when it became valid. */
  get(key: K, asOfMs?: number): VersionedEntry<V> | undefined
  versions(key: K, query: VersionsQuery): Iterable<VersionedEntry<V>>
  /** The rows as they were at a time, or are. In no order that means anything. */
  rows(query: VersionedRowsQuery<K>): Iterable<VersionedEntry<V> & { readonly key: K }>
}

export type ReadOnlyStore<K = unknown, V = unknown> =
  | ReadOnlyKeyValueStore<K, V>
  | ReadOnlyWindowStore<K, V>
  | ReadOnlySessionStore<K, V>
  | ReadOnlyVersionedStore<K, V>
