import type { Serde } from '@millrace/contracts'
import { partitionForKey } from '@millrace/protocol'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlyStore,
  ReadOnlyWindowStore,
  StoreEntry,
  Timestamped,
  WindowEntry,
} from '../../core/stores/views.ts'
import type { StorePlan, TopologyPlan } from '../../core/topology/plan.ts'
import { layoutOf } from '../../core/topology/store-kinds.ts'
import { streamsError } from '../../errors.ts'
import { mergeEntries } from './merge-entries.ts'

export interface StoreInfo {
  readonly name: string
  readonly kind: 'keyValue' | 'window' | 'session'
  readonly partitions: number
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
}

/** Who answers for a key. */
export interface KeyMetadata {
  readonly partition: number
  /** True when this instance owns the partition; it may still be restoring it. */
  readonly isLocal: boolean
  /** `host:port` of the owner; undefined while nobody is known to own it, or when the owner answers no queries. */
  readonly host: string | undefined
}

/** Who answers for a part of a store. */
export interface StoreMetadata {
  readonly host: string | undefined
  readonly isLocal: boolean
  readonly partitions: readonly number[]
}

export interface StoreRange {
  /** First key, inclusive. */
  readonly from?: unknown
  /** Last key, inclusive. */
  readonly to?: unknown
  readonly reverse?: boolean
  /** Entries at most; default 1,000. */
  readonly limit?: number
}

/** Default and upper bound of `limit`: a query runs in one piece and holds up processing for as long. */
export const rangeLimits = { default: 1_000, max: 100_000 } as const

/**
 * The state of an application as it was last committed, read from the process that owns it. Nothing that a transaction
 * has not committed is ever visible.
 *
 * @example
 * const { isLocal, host } = streams.queries.metadataForKey('totals', 'alice')
 * if (isLocal) console.log(streams.queries.get('totals', 'alice')?.value)
 */
export interface StoreQueries {
  stores(): readonly StoreInfo[]
  /** @throws STREAMS_STORE_UNKNOWN */
  metadataForKey(store: string, key: unknown): KeyMetadata
  /** Every owner of a part of the store, this instance included. @throws STREAMS_STORE_UNKNOWN */
  metadataForStore(store: string): readonly StoreMetadata[]
  /** @throws STREAMS_STORE_UNKNOWN, STREAMS_STORE_NOT_LOCAL, STREAMS_STORE_NOT_READY */
  get(store: string, key: unknown): Timestamped<unknown> | undefined
  /** Entries of the partitions that are here, in the order of their keys' bytes. Throws like `get`. */
  range(store: string, range?: StoreRange): readonly StoreEntry<unknown, unknown>[]
  /** Windows of one key whose start lies in [fromMs, toMs], in order of their start. Throws like `get`. */
  windowFetch(
    store: string,
    key: unknown,
    bounds: { readonly fromMs: number; readonly toMs: number },
  ): readonly WindowEntry<unknown, unknown>[]
  /**
   * The committed view of one partition, for whoever puts answers of several instances together; undefined while it is not
   * here or not restored. Read it at once: it does not outlive the next commit. @throws STREAMS_STORE_UNKNOWN
   */
  partitionView(store: string, partition: number): ReadOnlyStore | undefined
}

/** What the queries need to know of the runtime, asked anew for every query. */
export interface QuerySource {
  readonly plan: TopologyPlan
  partitionsOf(topic: string): number
  /** The committed view of a store's partition; 'notReady' while it is restored or moved, undefined when it is not here. */
  localStore(store: StorePlan, partition: number): ReadOnlyStore | 'notReady' | undefined
  /** Host by task id text, as the group's leader told. */
  hostOf(task: string): string | undefined
}

export function storeQueries(source: QuerySource): StoreQueries {
  const { plan } = source
  const globals: readonly StorePlan[] = plan.globalStores.map(({ store }) => store)
  const planOf = (name: string): StorePlan => {
    const store = plan.stores.get(name) ?? globals.find((global) => global.name === name)
    if (store) return store
    const known = [...plan.stores.values(), ...globals].map((each) => each.name).join(', ')
    throw streamsError('STREAMS_STORE_UNKNOWN', `there is no store ${name}; there are ${known}`, { store: name })
  }
  const partitionsOf = (store: StorePlan): number => {
    const subtopology = plan.subtopologies.find(({ id }) => id === store.subtopology)
    return Math.max(1, ...(subtopology?.sourceTopics ?? []).map(source.partitionsOf))
  }
  const metadata = (store: StorePlan, partition: number): KeyMetadata => ({
    partition,
    isLocal: source.localStore(store, partition) !== undefined,
    host: source.hostOf(`${store.subtopology}_${partition}`),
  })
  const open = (store: StorePlan, partition: number): ReadOnlyStore => {
    const local = source.localStore(store, partition)
    if (local === 'notReady') {
      throw streamsError(
        'STREAMS_STORE_NOT_READY',
        `partition ${partition} of ${store.name} is being restored or moved`,
        {
          store: store.name,
          partition,
        },
      )
    }
    if (local) return local
    const { host } = metadata(store, partition)
    throw streamsError(
      'STREAMS_STORE_NOT_LOCAL',
      `partition ${partition} of ${store.name} is at ${host ?? 'an instance without applicationServer'}`,
      { store: store.name, partition, host },
    )
  }
  const partitionOf = (store: StorePlan, key: unknown): number =>
    partitionForKey(store.keySerde.serialize(key), partitionsOf(store))

  return {
    stores: () =>
      [...plan.stores.values(), ...globals].map((store) => ({
        name: store.name,
        kind: layoutOf(store).kind,
        partitions: partitionsOf(store),
        keySerde: store.keySerde,
        valueSerde: store.valueSerde,
      })),
    metadataForKey(name, key) {
      const store = planOf(name)
      return metadata(store, partitionOf(store, key))
    },
    metadataForStore(name) {
      const store = planOf(name)
      const owners = new Map<string, { host: string | undefined; isLocal: boolean; partitions: number[] }>()
      for (let partition = 0; partition < partitionsOf(store); partition++) {
        const { host, isLocal } = metadata(store, partition)
        const owner = owners.get(`${isLocal}/${host}`) ?? { host, isLocal, partitions: [] }
        owner.partitions.push(partition)
        owners.set(`${isLocal}/${host}`, owner)
      }
      return [...owners.values()]
    },
    get(name, key) {
      const store = planOf(name)
      return keyValue(store, open(store, partitionOf(store, key))).get(key)
    },
    range(name, { from, to, reverse = false, limit = rangeLimits.default } = {}) {
      const store = planOf(name)
      const bounded = Math.min(limit, rangeLimits.max)
      const parts: Iterable<StoreEntry<unknown, unknown>>[] = []
      for (let partition = 0; partition < partitionsOf(store); partition++) {
        if (source.localStore(store, partition) === undefined) continue
        parts.push(keyValue(store, open(store, partition)).range({ from, to, reverse, limit: bounded }))
      }
      return mergeEntries(parts, { keyBytes: (key) => store.keySerde.serialize(key), reverse, limit: bounded })
    },
    partitionView(name, partition) {
      const view = source.localStore(planOf(name), partition)
      return view === 'notReady' ? undefined : view
    },
    windowFetch(name, key, { fromMs, toMs }) {
      const store = planOf(name)
      return [...windowed(store, open(store, partitionOf(store, key))).fetch(key, { fromMs, toMs })]
    },
  }
}

function keyValue(plan: StorePlan, store: ReadOnlyStore): ReadOnlyKeyValueStore {
  if (store.kind === 'keyValue') return store
  throw streamsError('STREAMS_STORE_KIND', `${plan.name} is a ${plan.kind} store: ask for windows`, {
    store: plan.name,
  })
}

function windowed(plan: StorePlan, store: ReadOnlyStore): ReadOnlyWindowStore {
  if (store.kind === 'window') return store
  throw streamsError('STREAMS_STORE_KIND', `${plan.name} is a ${plan.kind} store: it has no windows`, {
    store: plan.name,
  })
}
