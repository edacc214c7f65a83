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

/** Keys are ordered by their serialised bytes; `to` is inclusive, as in Kafka Streams' range queries. */
export interface RangeQuery<K> {
  readonly from?: K | undefined
  readonly to?: K | undefined
  readonly reverse?: boolean | undefined
  readonly limit?: number | undefined
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
  /** Windows of all keys. */
  fetchAll(query: { fromMs: number; toMs: number }): Iterable<WindowEntry<K, V>>
  all(): Iterable<WindowEntry<K, V>>
}

export type ReadOnlyStore<K = unknown, V = unknown> = ReadOnlyKeyValueStore<K, V> | ReadOnlyWindowStore<K, V>
