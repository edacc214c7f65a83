import { whenReady } from '@millrace/contracts'
import type { Isolation } from '../../core/stores/task-store.ts'
import type { SessionEntry, StoreEntry, Timestamped, WindowEntry } from '../../core/stores/views.ts'
import type { StorePlan } from '../../core/topology/plan.ts'
import { answerQuery, wrongKind } from './answer-query.ts'
import { mergeEntries } from './merge-entries.ts'
import {
  askPartition,
  notHere,
  notReady,
  type PartitionQueryOptions,
  type PartitionResult,
  type StalenessBound,
} from './partition-query.ts'
import { mergePositions, type Position, type PositionBound } from './position.ts'
import type { QuerySource } from './query-source.ts'
import { isDirect, resolveBound } from './resolve-bound.ts'
import {
  type AnswerOf,
  type AsksKind,
  type Queryable,
  type QueryableKind,
  rangeLimits,
  type StateQuery,
  sessionKeyQuery,
  timestampedKeyQuery,
  timestampedRangeQuery,
  windowKeyQuery,
  windowRangeQuery,
} from './state-query.ts'
import { type KeyMetadata, StoreCatalog, type StoreInfo, type StoreMetadata } from './store-catalog.ts'
import { ChangeFeeds, type StoreChanges } from './store-changes.ts'
import { type StoreLag, storeLags } from './store-lags.ts'

export interface StoreRange {
  /** First key, inclusive. */
  readonly from?: unknown
  /** Last key, inclusive. */
  readonly to?: unknown
  /** Keys whose bytes begin so. */
  readonly prefix?: string | Uint8Array
  readonly reverse?: boolean
  /** Entries at most; default 1,000. */
  readonly limit?: number
}

export interface QueryOptions {
  /** Partitions to ask; those of the key, or all that are here, unless given. */
  readonly partitions?: readonly number[]
  /** What the answer is to reflect at least, for reading one's own writes. */
  readonly bound?: PositionBound
  /** `uncommitted` sees the transaction that is under way, which may still be aborted. Default `committed`. */
  readonly isolation?: Isolation
  /**
   * Lets standby copies answer, as far behind as it says; `{}` stands for `acceptableRecoveryLag` records, so that a copy
   * that is still being made does not answer. Default: active ones only.
   */
  readonly standby?: StalenessBound
  /** How long to wait for the bound; default 1,000. */
  readonly waitMs?: number
}

/** Answers by partition, as Kafka Streams' `StateQueryResult`. */
export interface StateQueryResult<R> {
  readonly partitions: ReadonlyMap<number, PartitionResult<R>>
  /** What all answers together reflect, at least: the bound of a later read that must not go back. */
  readonly position: Position
}

export interface WindowBounds {
  readonly fromMs: number
  readonly toMs: number
  readonly reverse?: boolean
}

/**
 * The state of an application, read from the process that owns it: as it was last committed unless a query asks otherwise.
 *
 * @example
 * const { isLocal, host } = streams.queries.metadataForKey('totals', 'alice')
 * if (isLocal) console.log(streams.queries.get('totals', 'alice')?.value)
 */
export interface StoreQueries {
  stores(): readonly StoreInfo[]
  /** @throws STREAMS_STORE_UNKNOWN */
  metadataForKey(store: string, key: unknown): KeyMetadata
  /** @throws STREAMS_STORE_UNKNOWN */
  metadataForPartition(store: string, partition: number): KeyMetadata
  /** Every owner of a part of the store, this instance included. @throws STREAMS_STORE_UNKNOWN */
  metadataForStore(store: string): readonly StoreMetadata[]
  /** How far the copies in this process are behind their changelogs, what lies on its disk unused included; asks the broker. */
  lags(): Promise<readonly StoreLag[]>
  /**
   * Asks the copies in this process (Kafka Streams' IQv2): typed by the store, answered by partition. What a partition cannot
   * answer stands in its place; only mistakes throw.
   *
   * @throws STREAMS_STORE_UNKNOWN, STREAMS_STORE_KIND, STREAMS_BOUND_UNRELATED
   * @example
   * const totals = queryable.keyValue('totals', spend)
   * const { partitions } = await streams.queries.query(totals, rangeQuery({ from: 'a', to: 'b' }))
   */
  query<Kind extends QueryableKind, K, V, Q extends StateQuery<K>>(
    store: Queryable<Kind, K, V>,
    query: Q & AsksKind<Kind, Q>,
    options?: QueryOptions,
  ): Promise<StateQueryResult<AnswerOf<Q, K, V>>>
  /** @throws STREAMS_STORE_UNKNOWN, STREAMS_STORE_NOT_LOCAL, STREAMS_STORE_NOT_READY */
  get(store: string, key: unknown): Timestamped<unknown> | undefined
  /** Entries of the partitions that are here, in the order of their keys' bytes. Throws like `get`. */
  range(store: string, range?: StoreRange): readonly StoreEntry<unknown, unknown>[]
  /** Windows of one key whose start lies in [fromMs, toMs], in order of their start. Throws like `get`. */
  windowFetch(store: string, key: unknown, bounds: WindowBounds): readonly WindowEntry<unknown, unknown>[]
  /** Windows of all keys in the partitions that are here. Throws like `get`. */
  windowFetchAll(store: string, bounds: WindowBounds): readonly WindowEntry<unknown, unknown>[]
  /** Sessions of one key, in order of their end. Throws like `get`. */
  sessionFetch(store: string, key: unknown): readonly SessionEntry<unknown, unknown>[]
  /**
   * Asks one partition, for whoever puts answers of several instances together: at once where nothing has to be waited for.
   * `bound` is in terms of what the store's own task reads, see `resolveBound`. @throws STREAMS_STORE_UNKNOWN
   */
  askPartition(
    store: string,
    partition: number,
    query: StateQuery,
    options?: Omit<QueryOptions, 'partitions'>,
  ): PartitionResult<unknown> | Promise<PartitionResult<unknown>>
  /**
   * A bound in terms of what the store's own task reads: writes that come to the store through repartition topics are
   * followed. @throws STREAMS_BOUND_UNRELATED, STREAMS_BOUND_NOT_REACHED
   */
  resolveBound(store: string, bound: PositionBound, waitMs?: number): Promise<PositionBound>
  /** Follows the committed changes of a store, wherever its partitions are. @throws STREAMS_STORE_NO_CHANGES */
  changes(store: string): StoreChanges
}

const waitMsDefault = 1_000

export function storeQueries(source: QuerySource): StoreQueries {
  const catalog = new StoreCatalog(source)
  const feeds = new ChangeFeeds(source)
  const local = localReads(source, catalog)

  const optionsOf = ({ bound = {}, isolation = 'committed', standby, waitMs = waitMsDefault }: QueryOptions) => ({
    bound,
    isolation,
    standby,
    deadlineMs: source.clock.now() + waitMs,
  })
  const askOne = (store: StorePlan, partition: number, query: StateQuery, options: PartitionQueryOptions) =>
    catalog.isGlobal(store) ? askGlobal(source, store, query) : askPartition(source, store, partition, query, options)
  const resolve = async (store: StorePlan, bound: PositionBound, deadlineMs: number): Promise<PositionBound> =>
    catalog.isGlobal(store) || isDirect(source.plan, store, bound)
      ? bound
      : resolveBound({ ...source, partitionsOf: source.partitionsOf, store, bound, deadlineMs })

  return {
    ...local,
    stores: () => catalog.infos(),
    metadataForKey(name, key) {
      const store = catalog.plan(name)
      return catalog.metadata(store, catalog.partitionOf(store, key))
    },
    metadataForPartition: (name, partition) => catalog.metadata(catalog.plan(name), partition),
    metadataForStore: (name) => catalog.owners(catalog.plan(name)),
    lags: async () => storeLags(source.client, source.plan.applicationId, await source.standings()),
    // At once, unless something has to be waited for: several partitions are read at one moment.
    askPartition: (name, partition, query, options = {}) =>
      whenReady(() => askOne(catalog.plan(name), partition, query, optionsOf(options))),
    resolveBound: (name, bound, waitMs = waitMsDefault) =>
      resolve(catalog.plan(name), bound, source.clock.now() + waitMs),
    changes: (name) => feeds.open(catalog.plan(name)),
    async query(queried, query, options = {}) {
      const store = catalog.plan(queried.name)
      const kind = catalog.infos().find(({ name }) => name === store.name)!.kind
      if (query.on !== kind) throw wrongKind(store.name, kind, query.type)
      const asked = optionsOf(options)
      const resolved = { ...asked, bound: await resolve(store, asked.bound, asked.deadlineMs) }
      const partitions = new Map<number, PartitionResult<never>>()
      for (const partition of await whenReady(() => partitionsFor(source, catalog, store, query, options))) {
        const answer = await whenReady(() => askOne(store, partition, query, resolved))
        partitions.set(partition, answer as PartitionResult<never>)
      }
      const positions = [...partitions.values()].map((each) => (each.ok ? each.position : {}))
      return { partitions, position: mergePositions(...positions) }
    },
  }
}

/** Those that were named; else the key's; else all that are here. */
function partitionsFor(
  source: QuerySource,
  catalog: StoreCatalog,
  store: StorePlan,
  query: StateQuery,
  { partitions }: QueryOptions,
): readonly number[] {
  if (partitions) return partitions
  if ('key' in query) return [catalog.partitionOf(store, query.key)]
  const all = Array.from({ length: catalog.partitionsOf(store) }, (_, partition) => partition)
  if (catalog.isGlobal(store)) return all
  return all.filter(
    (partition) =>
      source.copyOf(store, partition) !== undefined || source.threadHas?.(`${store.subtopology}_${partition}`),
  )
}

/** Global tables have no commits: what was read is there. */
function askGlobal(source: QuerySource, store: StorePlan, query: StateQuery): PartitionResult<unknown> {
  const view = source.globalStore(store.name)
  if (view === undefined) return { ok: false, reason: 'notReady', error: notReady(store, 0) }
  const result = answerQuery(store, view, query)
  return { ok: true, result, position: {}, role: 'active', checkpoint: undefined }
}

type LocalReads = Pick<StoreQueries, 'get' | 'range' | 'windowFetch' | 'windowFetchAll' | 'sessionFetch'>

/** Reads of active copies in this process that answer or throw at once. */
function localReads(source: QuerySource, catalog: StoreCatalog): LocalReads {
  const read = (store: StorePlan, partition: number, query: StateQuery): unknown => {
    if (catalog.isGlobal(store)) {
      const view = source.globalStore(store.name)
      if (view) return answerQuery(store, view, query)
      throw notReady(store, partition)
    }
    const copy = source.copyOf(store, partition)
    if (copy === 'notReady') throw notReady(store, partition)
    if (copy?.role !== 'active') throw notHere(source, store, partition)
    const answer = answerQuery(store, copy.view(store.name, 'committed'), query)
    if (copy.isStill?.() === false) throw notReady(store, partition)
    return answer
  }
  const ofKey = (name: string, key: unknown, query: StateQuery): unknown => {
    const store = catalog.plan(name)
    return read(store, catalog.partitionOf(store, key), query)
  }
  const ofAll = <T>(name: string, query: StateQuery): T[][] => {
    const store = catalog.plan(name)
    const parts: T[][] = []
    for (let partition = 0; partition < catalog.partitionsOf(store); partition++) {
      const copy = catalog.isGlobal(store) ? 'global' : source.copyOf(store, partition)
      if (typeof copy === 'object' && copy.role === 'standby') continue
      // What another thread has is not left out: whoever asks would not know.
      if (copy === undefined && source.threadHas?.(`${store.subtopology}_${partition}`) !== 'active') continue
      parts.push(read(store, partition, query) as T[])
    }
    return parts
  }
  return {
    get(name, key) {
      return ofKey(name, key, timestampedKeyQuery(key)) as Timestamped<unknown> | undefined
    },
    range(name, { from, to, prefix, reverse = false, limit = rangeLimits.default } = {}) {
      const { keySerde } = catalog.plan(name)
      const bounded = Math.min(limit, rangeLimits.max)
      const query = timestampedRangeQuery<unknown>({ from, to, prefix, reverse, limit: bounded })
      const parts = ofAll<StoreEntry<unknown, unknown>>(name, query)
      return mergeEntries(parts, { keyBytes: (key) => keySerde.serialize(key), reverse, limit: bounded })
    },
    windowFetch(name, key, bounds) {
      return ofKey(name, key, windowKeyQuery(key, { ...bounds, limit: rangeLimits.max })) as WindowEntry<
        unknown,
        unknown
      >[]
    },
    windowFetchAll(name, bounds) {
      const query = windowRangeQuery<unknown>({ ...bounds, limit: rangeLimits.max })
      return ofAll<WindowEntry<unknown, unknown>>(name, query).flat()
    },
    sessionFetch(name, key) {
      return ofKey(name, key, sessionKeyQuery(key, { limit: rangeLimits.max })) as SessionEntry<unknown, unknown>[]
    },
  }
}
