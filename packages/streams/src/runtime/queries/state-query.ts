import type { AnyTopicContract, KeyOf, ValueOf } from '@millrace/contracts'
import type { Header } from '@millrace/protocol'
import type { TypeMessage } from '../../core/dsl/type-error.ts'
import type {
  ReadOnlyStore,
  SessionEntry,
  StoreEntry,
  Timestamped,
  VersionedEntry,
  WindowEntry,
} from '../../core/stores/views.ts'

/** How a store can be asked. */
export type QueryableKind = ReadOnlyStore['kind']

/** A store of the application by name, with its kind and the types of its keys and values. */
export interface Queryable<Kind extends QueryableKind, K, V> {
  readonly name: string
  readonly kind: Kind
  /** Of types only. */
  readonly types?: (key: K) => V
}

type ByContract<Kind extends QueryableKind> = <C extends AnyTopicContract>(
  name: string,
  contract: C,
) => Queryable<Kind, KeyOf<C>, ValueOf<C>>

const of =
  <Kind extends QueryableKind>(kind: Kind): ByContract<Kind> =>
  (name) => ({ name, kind })

/**
 * Names a store for `queries.query`, typed by a contract that has its key and value. What a kind of store cannot be asked does
 * not compile.
 *
 * @example
 * const totals = queryable.keyValue('totals', spend)
 * const { partitions } = await streams.queries.query(totals, keyQuery('alice'))
 */
export const queryable = {
  keyValue: of('keyValue'),
  window: of('window'),
  session: of('session'),
  versioned: of('versioned'),
}

/** Default and upper bound of `limit`: a query runs in one piece and holds up processing for as long. */
export const rangeLimits = { default: 1_000, max: 100_000 } as const

interface Page {
  /** Backward. */
  readonly reverse?: boolean | undefined
  /** Rows of a partition at most; see `rangeLimits`. */
  readonly limit?: number | undefined
}

export interface KeyRange<K> extends Page {
  /** First and last key, inclusive; all unless given. */
  readonly from?: K | undefined
  readonly to?: K | undefined
  /** Keys whose bytes begin so. */
  readonly prefix?: string | Uint8Array | undefined
}

/** Starts of windows, both inclusive; all that the store keeps unless given. */
export interface TimeRange extends Page {
  readonly fromMs?: number | undefined
  readonly toMs?: number | undefined
}

type Query<Type extends string, On extends QueryableKind, Fields> = Readonly<{ type: Type; on: On }> & Readonly<Fields>

type KeyQuery<K> = Query<'key', 'keyValue', { key: K }>
type TimestampedKeyQuery<K> = Query<'timestampedKey', 'keyValue', { key: K }>
type RangeQuery<K> = Query<'range', 'keyValue', KeyRange<K>>
type TimestampedRangeQuery<K> = Query<'timestampedRange', 'keyValue', KeyRange<K>>
type WindowKeyQuery<K> = Query<'windowKey', 'window', { key: K } & TimeRange>
type Keys<K> = Pick<KeyRange<K>, 'from' | 'to' | 'prefix'>
type WindowRangeQuery<K> = Query<'windowRange', 'window', TimeRange & Keys<K>>
type SessionKeyQuery<K> = Query<'sessionKey', 'session', { key: K } & TimeRange>
type SessionRangeQuery<K> = Query<'sessionRange', 'session', TimeRange & Keys<K>>
type VersionedKeyQuery<K> = Query<'versionedKey', 'versioned', { key: K; asOfMs?: number | undefined }>
type MultiVersionedKeyQuery<K> = Query<
  'multiVersionedKey',
  'versioned',
  {
    key: K
    fromMs?: number | undefined
    toMs?: number | undefined
    ascending?: boolean | undefined
    limit?: number | undefined
  }
>
type VersionedRangeQuery<K> = Query<
  'versionedRange',
  'versioned',
  { asOfMs?: number | undefined; limit?: number | undefined } & Keys<K>
>

/** Everything that a store can be asked (Kafka Streams' IQv2, KIP-796); plain data, so that it travels between threads. */
export type StateQuery<K = unknown> =
  | KeyQuery<K>
  | TimestampedKeyQuery<K>
  | RangeQuery<K>
  | TimestampedRangeQuery<K>
  | WindowKeyQuery<K>
  | WindowRangeQuery<K>
  | SessionKeyQuery<K>
  | SessionRangeQuery<K>
  | VersionedKeyQuery<K>
  | MultiVersionedKeyQuery<K>
  | VersionedRangeQuery<K>

/** Passes where a query is one of those that stores of the kind answer; the compiler's message is the sentence otherwise. */
export type AsksKind<
  Kind extends QueryableKind,
  Q extends { readonly type: string; readonly on: QueryableKind },
> = Q['on'] extends Kind
  ? unknown
  : TypeMessage<`${KindNames[Kind]} does not answer a ${Q['type']}Query: it is asked by ${QueryNames[Kind]}`>

interface KindNames {
  readonly keyValue: 'A store of keys and values'
  readonly window: 'A window store'
  readonly session: 'A session store'
  readonly versioned: 'A versioned store'
}

interface QueryNames {
  readonly keyValue: 'keyQuery, timestampedKeyQuery, rangeQuery or timestampedRangeQuery'
  readonly window: 'windowKeyQuery or windowRangeQuery'
  readonly session: 'sessionKeyQuery or sessionRangeQuery'
  readonly versioned: 'versionedKeyQuery, multiVersionedKeyQuery or versionedRangeQuery'
}

/** Of stores with headers: those of the record that the value comes from (KIP-1356). */
interface WithHeaders {
  readonly headers?: readonly Header[]
}

interface Answers<K, V> {
  readonly key: V | undefined
  readonly timestampedKey: (Timestamped<V> & WithHeaders) | undefined
  readonly range: readonly ({ readonly key: K; readonly value: V } & WithHeaders)[]
  readonly timestampedRange: readonly (StoreEntry<K, V> & WithHeaders)[]
  readonly windowKey: readonly (WindowEntry<K, V> & WithHeaders)[]
  readonly windowRange: readonly (WindowEntry<K, V> & WithHeaders)[]
  readonly sessionKey: readonly (SessionEntry<K, V> & WithHeaders)[]
  readonly sessionRange: readonly (SessionEntry<K, V> & WithHeaders)[]
  readonly versionedKey: VersionedEntry<V> | undefined
  readonly multiVersionedKey: readonly VersionedEntry<V>[]
  readonly versionedRange: readonly (VersionedEntry<V> & { readonly key: K })[]
}

/** What a query is answered with. */
export type AnswerOf<Q extends { readonly type: string }, K, V> = Q['type'] extends keyof Answers<K, V>
  ? Answers<K, V>[Q['type']]
  : never

/** The value of a key. */
export const keyQuery = <K>(key: K): KeyQuery<K> => ({ type: 'key', on: 'keyValue', key })

/** The value of a key and the time of the record that made it. */
export const timestampedKeyQuery = <K>(key: K): TimestampedKeyQuery<K> => {
  return { type: 'timestampedKey', on: 'keyValue', key }
}

/** Keys and values in the order of the keys' bytes. */
export const rangeQuery = <K = never>(range: KeyRange<K> = {}): RangeQuery<K> => {
  return { type: 'range', on: 'keyValue', ...range }
}

/** As `rangeQuery`, with times. */
export const timestampedRangeQuery = <K = never>(range: KeyRange<K> = {}): TimestampedRangeQuery<K> => {
  return { type: 'timestampedRange', on: 'keyValue', ...range }
}

/** The windows of a key, in order of their start. */
export const windowKeyQuery = <K>(key: K, times: TimeRange = {}): WindowKeyQuery<K> => {
  return { type: 'windowKey', on: 'window', key, ...times }
}

/** The windows of all keys, or of those between two. */
export const windowRangeQuery = <K = never>(range: TimeRange & Keys<K> = {}): WindowRangeQuery<K> => ({
  type: 'windowRange',
  on: 'window',
  ...range,
})

/** The sessions of a key that touch a span of time, in order of their end. */
export const sessionKeyQuery = <K>(key: K, times: TimeRange = {}): SessionKeyQuery<K> => {
  return { type: 'sessionKey', on: 'session', key, ...times }
}

/** The sessions of all keys, or of those between two. */
export const sessionRangeQuery = <K = never>(range: TimeRange & Keys<K> = {}): SessionRangeQuery<K> => ({
  type: 'sessionRange',
  on: 'session',
  ...range,
})

/** The version of a key's value that was valid at a time; the latest unless one is given. */
export const versionedKeyQuery = <K>(key: K, asOfMs?: number): VersionedKeyQuery<K> => {
  return { type: 'versionedKey', on: 'versioned', key, asOfMs }
}

/** The versions of a key's value that were valid between two times, latest first unless `ascending`. */
export const multiVersionedKeyQuery = <K>(
  key: K,
  times: {
    readonly fromMs?: number
    readonly toMs?: number
    readonly ascending?: boolean
    readonly limit?: number
  } = {},
): MultiVersionedKeyQuery<K> => ({ type: 'multiVersionedKey', on: 'versioned', key, ...times })

/** The rows as they were at a time, or are; in no order that means anything. Kafka Streams has no such query. */
export const versionedRangeQuery = <K = never>(
  range: { readonly asOfMs?: number; readonly limit?: number } & Keys<K> = {},
): VersionedRangeQuery<K> => ({ type: 'versionedRange', on: 'versioned', ...range })
