import type { Serde } from '@millrace/contracts'
import { partitionForKey } from '@millrace/protocol'
import { plainValueSerde } from '../../core/stores/value-headers.ts'
import type { StorePlan } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import type { QuerySource } from './query-source.ts'
import type { QueryableKind } from './state-query.ts'

export interface StoreInfo {
  readonly name: string
  readonly kind: QueryableKind
  /** 1 for a global table, which every instance holds whole. */
  readonly partitions: number
  readonly isGlobal: boolean
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
  /** `host:port` of those who keep a standby copy. */
  readonly standbyHosts: readonly string[]
}

/** Who answers for a part of a store. */
export interface StoreMetadata {
  readonly host: string | undefined
  readonly isLocal: boolean
  readonly partitions: readonly number[]
}

/** The stores of an application and where they are. */
export class StoreCatalog {
  readonly #source: QuerySource
  readonly #infos: readonly StoreInfo[]
  readonly #global: ReadonlySet<string>
  /** By store: the topics that its task reads. */
  readonly #inputs = new Map<string, readonly string[]>()

  constructor(source: QuerySource) {
    this.#source = source
    const { stores, globalStores, subtopologies } = source.plan
    this.#global = new Set(globalStores.map(({ store }) => store.name))
    for (const { name, subtopology } of stores.values()) {
      this.#inputs.set(name, subtopologies.find(({ id }) => id === subtopology)?.sourceTopics ?? [])
    }
    const all = new Map([...stores, ...globalStores.map(({ store }) => [store.name, store] as const)])
    this.#infos = [...all.values()].flatMap((store) => this.#infoOf(store) ?? [])
  }

  /** @throws STREAMS_STORE_UNKNOWN */
  plan(name: string): StorePlan {
    const { plan } = this.#source
    const store = plan.stores.get(name) ?? plan.globalStores.find((each) => each.store.name === name)?.store
    if (store && kindOf(store) !== undefined) return store
    const known = this.infos()
      .map((info) => info.name)
      .join(', ')
    throw streamsError('STREAMS_STORE_UNKNOWN', `there is no store ${name}; there are ${known}`, { store: name })
  }

  /** The same objects each time: they are asked for with every question. */
  infos(): readonly StoreInfo[] {
    return this.#infos
  }

  isGlobal({ name }: StorePlan): boolean {
    return this.#global.has(name)
  }

  partitionsOf(store: StorePlan): number {
    if (this.isGlobal(store)) return 1
    return Math.max(1, ...(this.#inputs.get(store.name) ?? []).map((topic) => this.#source.partitionsOf(topic)))
  }

  #infoOf(store: StorePlan): StoreInfo | undefined {
    const kind = kindOf(store)
    if (kind === undefined) return undefined
    const { name, keySerde } = store
    const partitionsOf = (): number => this.partitionsOf(store)
    return {
      name,
      kind,
      keySerde,
      valueSerde: plainValueSerde(store),
      isGlobal: this.isGlobal(store),
      // Known when the application has looked at its topics.
      get partitions() {
        return partitionsOf()
      },
    }
  }

  partitionOf(store: StorePlan, key: unknown): number {
    return this.isGlobal(store) ? 0 : partitionForKey(store.keySerde.serialize(key), this.partitionsOf(store))
  }

  metadata(store: StorePlan, partition: number): KeyMetadata {
    if (this.isGlobal(store)) return { partition, isLocal: true, host: undefined, standbyHosts: [] }
    const task = `${store.subtopology}_${partition}`
    const { active, standby } = this.#source.hostsOf(task)
    const copy = this.#source.copyOf(store, partition)
    const isLocal = copy === 'notReady' || copy?.role === 'active' || this.#source.threadHas?.(task) === 'active'
    return { partition, isLocal, host: active, standbyHosts: standby }
  }

  owners(store: StorePlan): readonly StoreMetadata[] {
    const owners = new Map<string, { host: string | undefined; isLocal: boolean; partitions: number[] }>()
    for (let partition = 0; partition < this.partitionsOf(store); partition++) {
      const { host, isLocal } = this.metadata(store, partition)
      const owner = owners.get(`${isLocal}/${host}`) ?? { host, isLocal, partitions: [] }
      owner.partitions.push(partition)
      owners.set(`${isLocal}/${host}`, owner)
    }
    return [...owners.values()]
  }
}

/** How a store can be asked; undefined for those that joins and buffers keep for themselves. */
function kindOf({ kind }: { readonly kind: string }): QueryableKind | undefined {
  switch (kind) {
    case 'keyValue':
    case 'session':
    case 'versioned':
      return kind
    case 'window':
    case 'windowList':
      return 'window'
    default:
      return undefined
  }
}
