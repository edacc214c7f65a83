import type { AnyTopicContract, KeyInput, KeyOf, ValueOf } from '@millrace/contracts'
import { type ChangesOptions, followChanges, type StateChange } from './changes.ts'
import { growingRange } from './growing-range.ts'
import { type ReadOptions, setReadOptions } from './read-options.ts'
import { number, object, StoreAccess, type StoreTransport } from './store-access.ts'

export interface StateEntry<K, V> {
  readonly key: K
  readonly value: V
  /** Of the record that the value comes from, milliseconds since the epoch. */
  readonly timestamp: number
  /** Of the record that the value comes from, where the store keeps them. */
  readonly headers?: readonly StateHeader[]
}

export interface StateHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** A window, or a session. */
export interface StateWindow<V> {
  /** Milliseconds since the epoch, inclusive. */
  readonly start: number
  /** Milliseconds since the epoch; exclusive for a window, the time of the last record for a session. */
  readonly end: number
  readonly value: V
}

export interface KeyedWindow<K, V> extends StateWindow<V> {
  readonly key: K
}

export interface StateVersion<V> {
  readonly value: V
  /** When it became valid, milliseconds since the epoch. */
  readonly validFrom: number
  /** When it was replaced or deleted; undefined: it is valid still. */
  readonly validTo: number | undefined
}

export interface KeyedVersion<K, V> extends StateVersion<V> {
  readonly key: K
}

export interface RangeOptions<K> extends ReadOptions {
  /** First key, inclusive. Default: the lowest. Keys are ordered by their bytes. */
  readonly from?: K
  /** Last key, inclusive. Default: the highest. */
  readonly to?: K
  /** Only keys whose bytes begin so. */
  readonly prefix?: string
  /** From the last key to the first. */
  readonly reverse?: boolean
  /** How many entries in all. Default: no limit. */
  readonly limit?: number
  /** Asks for pages of so many entries instead of one answer that grows. */
  readonly pageSize?: number
}

export interface WindowOptions extends ReadOptions {
  /** Windows that start at or after this; a date or milliseconds since the epoch. */
  readonly from: Date | number
  /** Windows that start at or before this. */
  readonly to: Date | number
  /** The latest first. */
  readonly reverse?: boolean
  /** How many. Default: all, and an error where there are more than one answer holds. */
  readonly limit?: number
}

export interface AllWindowsOptions<K> extends WindowOptions {
  /** First and last key, inclusive. Default: all. */
  readonly fromKey?: K
  readonly toKey?: K
  /** Only keys whose bytes begin so. */
  readonly prefix?: string
}

export interface VersionOptions extends ReadOptions {
  /** The version that was valid then. Default: the latest. */
  readonly asOf?: Date | number
}

export interface VersionsOptions extends ReadOptions {
  /** Versions that were valid at any time from here ... */
  readonly from?: Date | number
  /** ... to here, both inclusive. */
  readonly to?: Date | number
  /** The latest first. */
  readonly reverse?: boolean
  /** How many. Default: all, and an error where there are more than one answer holds. */
  readonly limit?: number
}

export interface VersionedRowsOptions<K> extends VersionOptions {
  /** First and last key, inclusive. Default: all. */
  readonly fromKey?: K
  readonly toKey?: K
  /** Only keys whose bytes begin so. */
  readonly prefix?: string
  /** From the last key to the first. */
  readonly reverse?: boolean
  /** How many. Default: all, and an error where there are more than one answer holds. */
  readonly limit?: number
}

type Key<C extends AnyTopicContract> = KeyInput<C>
type Windows<C extends AnyTopicContract> = readonly StateWindow<ValueOf<C>>[]
type KeyedWindows<C extends AnyTopicContract> = readonly KeyedWindow<KeyOf<C>, ValueOf<C>>[]

interface Followed<C extends AnyTopicContract> {
  /**
   * The rows as they are, then every committed change, for as long as it is read; a connection that breaks is made anew, to
   * another instance if need be, and goes on where it was.
   *
   * @throws QUERY_READER_TOO_SLOW with the token to come back with, and what all calls throw
   * @example
   * for await (const event of state.spend.changes({ prefix: 'at-' })) {
   *   if (event.type === 'reset') rows.clear()
   *   if (event.type === 'row' || event.type === 'change') rows.set(event.key, event.value)
   * }
   */
  changes(options?: ChangesOptions<Key<C>>): AsyncIterable<StateChange<KeyOf<C>, ValueOf<C>>>
}

/** A key-value store. */
export interface KeyValueClient<C extends AnyTopicContract> extends Followed<C> {
  /** The value of a key, undefined when the store has none. */
  get(key: Key<C>, options?: ReadOptions): Promise<ValueOf<C> | undefined>
  /** As `get`, with the timestamp of the record behind the value. */
  entry(key: Key<C>, options?: ReadOptions): Promise<StateEntry<KeyOf<C>, ValueOf<C>> | undefined>
  /** Entries in the order of their keys, as they are taken: whoever reads slowly holds the gateway back. */
  range(options?: RangeOptions<Key<C>>): AsyncIterable<StateEntry<KeyOf<C>, ValueOf<C>>>
}

/** A window store. */
export interface WindowClient<C extends AnyTopicContract> extends Followed<C> {
  /** The windows of a key, in order of their start. */
  window(key: Key<C>, options: WindowOptions): Promise<Windows<C>>
  /** The windows of all keys, in order of their start. */
  windows(options: AllWindowsOptions<Key<C>>): Promise<KeyedWindows<C>>
}

/** A session store. */
export interface SessionClient<C extends AnyTopicContract> extends Followed<C> {
  /** The sessions of a key that touch the time between, in order of their end. */
  session(key: Key<C>, options: WindowOptions): Promise<Windows<C>>
  /** The sessions of all keys. */
  sessions(options: AllWindowsOptions<Key<C>>): Promise<KeyedWindows<C>>
}

/** A versioned store. */
export interface VersionedClient<C extends AnyTopicContract> extends Followed<C> {
  /** The version of a key's value that is valid, or was at a time. */
  version(key: Key<C>, options?: VersionOptions): Promise<StateVersion<ValueOf<C>> | undefined>
  /** The versions of a key's value, in order of time. */
  versions(key: Key<C>, options?: VersionsOptions): Promise<readonly StateVersion<ValueOf<C>>[]>
  /** The rows as they are, or were at a time, in the order of their keys. */
  rows(options?: VersionedRowsOptions<Key<C>>): Promise<readonly KeyedVersion<KeyOf<C>, ValueOf<C>>[]>
}

/** A store of which only the contract is given: key-value or windowed. */
export type StoreClient<C extends AnyTopicContract> = KeyValueClient<C> & Pick<WindowClient<C>, 'window'>

export type AnyStoreClient<C extends AnyTopicContract> = KeyValueClient<C> &
  WindowClient<C> &
  SessionClient<C> &
  VersionedClient<C>

export function storeClient<C extends AnyTopicContract>(
  name: string,
  contract: C,
  transport: StoreTransport,
): AnyStoreClient<C> {
  const store = new StoreAccess(name, contract, transport)
  const entry: KeyValueClient<C>['entry'] = async (key, options = {}) => {
    const path = store.keyPath(key, setReadOptions(new URLSearchParams(), options))
    const answer = await transport.ask(path, options.signal)
    return answer === undefined || object(answer).value === null ? undefined : store.entry(answer)
  }
  const ofKey = async (field: string, key: Key<C>, options: WindowOptions): Promise<Windows<C>> => {
    const answer = await transport.ask(store.keyPath(key, timesOf(options)), options.signal)
    return store.rows(answer, field).map((json) => span(store, json))
  }
  const ofAll = async (field: string, options: AllWindowsOptions<Key<C>>): Promise<KeyedWindows<C>> => {
    const parameters = timesOf(options)
    setKeys(store, parameters, options)
    const answer = await transport.ask(store.path(parameters), options.signal)
    return store.rows(answer, field).map((json) => ({ key: store.key(object(json).key), ...span(store, json) }))
  }
  return {
    entry,
    get: async (key, options) => (await entry(key, options))?.value,
    range: (options = {}) => growingRange(store, options),
    changes: (options = {}) => followChanges(store, options),
    window: (key, options) => ofKey('windows', key, options),
    windows: (options) => ofAll('windows', options),
    session: (key, options) => ofKey('sessions', key, options),
    sessions: (options) => ofAll('sessions', options),
    async version(key, options = {}) {
      const parameters = setReadOptions(new URLSearchParams(), options)
      if (options.asOf !== undefined) parameters.set('asOf', String(Number(options.asOf)))
      const answer = await transport.ask(store.keyPath(key, parameters), options.signal)
      return answer === undefined ? undefined : version(store, answer)
    },
    async versions(key, options = {}) {
      const parameters = setReadOptions(new URLSearchParams({ versions: 'true' }), options)
      if (options.from !== undefined) parameters.set('from', String(Number(options.from)))
      if (options.to !== undefined) parameters.set('to', String(Number(options.to)))
      if (options.reverse) parameters.set('reverse', 'true')
      if (options.limit !== undefined) parameters.set('limit', String(options.limit))
      const answer = await transport.ask(store.keyPath(key, parameters), options.signal)
      return store.rows(answer, 'versions').map((json) => version(store, json))
    },
    async rows(options = {}) {
      const parameters = setReadOptions(new URLSearchParams(), options)
      if (options.asOf !== undefined) parameters.set('asOf', String(Number(options.asOf)))
      setKeys(store, parameters, options)
      if (options.reverse) parameters.set('reverse', 'true')
      if (options.limit !== undefined) parameters.set('limit', String(options.limit))
      const answer = await transport.ask(store.path(parameters), options.signal)
      return store.rows(answer, 'versions').map((json) => {
        return { key: store.key(object(json).key), ...version(store, json) }
      })
    },
  }
}

function setKeys<C extends AnyTopicContract>(
  store: StoreAccess<C>,
  parameters: URLSearchParams,
  { fromKey, toKey, prefix }: { readonly fromKey?: Key<C>; readonly toKey?: Key<C>; readonly prefix?: string },
): void {
  if (fromKey !== undefined) parameters.set('fromKey', store.keyText(fromKey))
  if (toKey !== undefined) parameters.set('toKey', store.keyText(toKey))
  if (prefix !== undefined) parameters.set('prefix', prefix)
}

function timesOf(options: WindowOptions): URLSearchParams {
  const { from, to, reverse, limit } = options
  const parameters = new URLSearchParams({ from: String(Number(from)), to: String(Number(to)) })
  if (reverse) parameters.set('reverse', 'true')
  if (limit !== undefined) parameters.set('limit', String(limit))
  return setReadOptions(parameters, options)
}

function span<C extends AnyTopicContract>(store: StoreAccess<C>, json: unknown): StateWindow<ValueOf<C>> {
  const { start, end, value } = object(json)
  return { start: number(start), end: number(end), value: store.value(value) }
}

function version<C extends AnyTopicContract>(store: StoreAccess<C>, json: unknown): StateVersion<ValueOf<C>> {
  const { value, timestamp, validTo } = object(json)
  const until = validTo === null || validTo === undefined ? undefined : number(validTo)
  return { value: store.value(value), validFrom: number(timestamp), validTo: until }
}
