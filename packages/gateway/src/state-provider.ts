import type { Serde } from '@millrace/contracts'
import type { ReadOnlyStore } from '@millrace/streams'

/** A store as the gateway presents it. */
export interface StoreDescription {
  readonly name: string
  readonly application: string
  readonly kind: ReadOnlyStore['kind']
  readonly keySerde: Serde<unknown, unknown>
  readonly valueSerde: Serde<unknown, unknown>
}

/** Who serves a partition of a store; `host` is host:port of a gateway. */
export type PartitionOwner =
  | { readonly kind: 'local' }
  | { readonly kind: 'remote'; readonly host: string }
  | { readonly kind: 'unknown' }

/** What the gateway needs of a running streams application. */
export interface StateProvider {
  stores(): readonly StoreDescription[]
  /** Number of partitions of the store; undefined before the first assignment. */
  partitions(store: string): number | undefined
  partitionOf(store: string, keyBytes: Uint8Array): number | undefined
  ownerOf(store: string, partition: number): PartitionOwner
  /** Committed state of a partition that is here and restored; undefined while it is not. */
  local(store: string, partition: number): ReadOnlyStore | undefined
}
