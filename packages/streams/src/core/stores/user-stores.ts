import type { Header, HeaderInput } from '@millrace/protocol'
import type {
  RangeQuery,
  ReadOnlySessionStore,
  ReadOnlyWindowStore,
  SessionEntry,
  SessionQuery,
  StoreEntry,
  Timestamped,
  VersionedEntry,
  WindowEntry,
} from './views.ts'

export interface AllQuery {
  readonly reverse?: boolean
  readonly limit?: number
}

/**
 * A key-value store as a processor uses it: it reads what it wrote, cached or not. Values are shared with the store: put
 * new ones, never change one in place. An iteration goes over the store as it was when it began, so that entries may be
 * put and deleted meanwhile; it ends with the call that the processor is in.
 */
export interface KeyValueStore<K, V> {
  readonly name: string
  get(key: K): V | undefined
  /** null deletes. */
  put(key: K, value: V | null): void
  /** Puts the value where there is none, and returns what was there. */
  putIfAbsent(key: K, value: V): V | undefined
  /** Returns what was there. */
  delete(key: K): V | undefined
  /** In the order of the keys' bytes; `to` is inclusive. */
  range(query: RangeQuery<K>): Iterable<{ readonly key: K; readonly value: V }>
  all(query?: AllQuery): Iterable<{ readonly key: K; readonly value: V }>
}

/** A key-value store whose values carry the time of the record that made them, as those of tables do. */
export interface TimestampedKeyValueStore<K, V> {
  readonly name: string
  get(key: K): Timestamped<V> | undefined
  /** null deletes. `timestamp` is that of the record in hand unless given. */
  put(key: K, value: V | null, timestamp?: number): void
  putIfAbsent(key: K, value: V, timestamp?: number): Timestamped<V> | undefined
  delete(key: K): Timestamped<V> | undefined
  range(query: RangeQuery<K>): Iterable<StoreEntry<K, V>>
  all(query?: AllQuery): Iterable<StoreEntry<K, V>>
}

/** A value per key and window, found by the window's start. */
export interface WindowStore<K, V> extends Omit<ReadOnlyWindowStore<K, V>, 'kind'> {
  readonly name: string
  /**
   * null deletes. `timestamp` is that of the record in hand unless given. A window that is past retention is not
   * taken any more.
   */
  put(key: K, windowStartMs: number, value: V | null, timestamp?: number): void
}

/** A value per key and session: a span of time from one record to another, both inclusive. */
export interface SessionStore<K, V> extends Omit<ReadOnlySessionStore<K, V>, 'kind'> {
  readonly name: string
  /** null removes. A session that ended longer ago than retention is not taken any more. */
  put(key: K, session: { readonly startMs: number; readonly endMs: number }, value: V | null): void
}

/** What stores with headers say beside value and time. */
export interface WithHeaders {
  readonly headers: readonly Header[]
}

/** Time and headers of a value that is put: those of the record in hand unless given. */
export interface PutAt {
  readonly timestamp?: number
  readonly headers?: readonly HeaderInput[]
}

/** A key-value store whose values carry time and headers of the record that made them (KIP-1271). */
export interface HeadersKeyValueStore<K, V> {
  readonly name: string
  get(key: K): (Timestamped<V> & WithHeaders) | undefined
  /** null deletes. */
  put(key: K, value: V | null, at?: PutAt): void
  putIfAbsent(key: K, value: V, at?: PutAt): (Timestamped<V> & WithHeaders) | undefined
  delete(key: K): (Timestamped<V> & WithHeaders) | undefined
  range(query: RangeQuery<K>): Iterable<StoreEntry<K, V> & WithHeaders>
  all(query?: AllQuery): Iterable<StoreEntry<K, V> & WithHeaders>
}

/** A window store whose values carry headers. */
export interface HeadersWindowStore<K, V> {
  readonly name: string
  put(key: K, windowStartMs: number, value: V | null, at?: PutAt): void
  get(key: K, windowStartMs: number): (Timestamped<V> & WithHeaders) | undefined
  fetch(key: K, query: Parameters<WindowStore<K, V>['fetch']>[1]): Iterable<WindowEntry<K, V> & WithHeaders>
  fetchAll(query: Parameters<WindowStore<K, V>['fetchAll']>[0]): Iterable<WindowEntry<K, V> & WithHeaders>
  all(): Iterable<WindowEntry<K, V> & WithHeaders>
}

/** A session store whose values carry headers. */
export interface HeadersSessionStore<K, V> {
  readonly name: string
  put(
    key: K,
    session: { readonly startMs: number; readonly endMs: number },
    value: V | null,
    headers?: readonly HeaderInput[],
  ): void
  fetchSession(key: K, startMs: number, endMs: number): (Timestamped<V> & WithHeaders) | undefined
  findSessions(key: K, query: SessionQuery): Iterable<SessionEntry<K, V> & WithHeaders>
  fetch(key: K): Iterable<SessionEntry<K, V> & WithHeaders>
  all(query?: Parameters<SessionStore<K, V>['all']>[0]): Iterable<SessionEntry<K, V> & WithHeaders>
}

/** Values by key and time: each is valid from its time until the next one's (KIP-889). They may be put in any order. */
export interface VersionedKeyValueStore<K, V> {
  readonly name: string
  /**
   * null deletes from that time on; the time is that of the record in hand unless given. What is further back than
   * retention is not taken any more.
   */
  put(key: K, value: V | null, timestamp?: number): void
  /** Deletes from that time on, and returns what was valid then. */
  delete(key: K, timestamp?: number): VersionedEntry<V> | undefined
  /** What was valid at a time; the latest unless one is given. */
  get(key: K, asOfMs?: number): VersionedEntry<V> | undefined
}
