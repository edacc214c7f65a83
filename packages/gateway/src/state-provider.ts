import type { Serde } from '@millrace/contracts'
import type {
  KeyMetadata,
  PartitionResult,
  PositionBound,
  QueryableKind,
  QueryOptions,
  StateQuery,
  StoreChanges,
  StoreLag,
} from '@millrace/streams'

/** A store as the gateway presents it. */
export interface StoreDescription {
  readonly name: string
  readonly application: string
  readonly kind: QueryableKind
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
}

/** How a partition is to be asked; `bound` in terms of what the store's own task reads. */
export type ReadOptions = Omit<QueryOptions, 'partitions'>

/** What the gateway needs of a running streams application. */
export interface StateProvider {
  stores(): readonly StoreDescription[]
  /** Number of partitions of the store; undefined before the first assignment. */
  partitions(store: string): number | undefined
  partitionOf(store: string, keyBytes: Uint8Array): number | undefined
  /** Who has a partition; `host` and `standbyHosts` are host:port of gateways. */
  metadata(store: string, partition: number): Omit<KeyMetadata, 'partition'>
  /** Asks the copy that is in this process, of a store that is here. */
  ask(
    store: string,
    partition: number,
    query: StateQuery,
    options: ReadOptions,
  ): PartitionResult<unknown> | Promise<PartitionResult<unknown>>
  /** See `StoreQueries.resolveBound`. */
  resolveBound(store: string, bound: PositionBound, waitMs: number): Promise<PositionBound>
  /** Of the copies in this process. */
  lags(): Promise<readonly StoreLag[]>
  /** Follows the committed changes of a store, wherever its partitions are. */
  changes(store: string): StoreChanges
}
