import type { PartitionOwner, StateProvider, StoreDescription } from '@millrace/gateway'
import { partitionForKey } from '@millrace/protocol'
import type { ReadOnlyStore, StreamsInstance } from '@millrace/streams'

/** A running application as the gateway asks it. */
export class AppState implements StateProvider {
  readonly #app: StreamsInstance

  constructor(app: StreamsInstance) {
    this.#app = app
  }

  stores(): readonly StoreDescription[] {
    return this.#app.queries.stores().map(({ name, kind, keySerde, valueSerde }) => ({
      name,
      kind: kind === 'keyValue' ? 'keyValue' : 'window',
      keySerde,
      valueSerde,
      application: this.#app.applicationId,
    }))
  }

  partitions(store: string): number | undefined {
    return this.#app.state() === 'created' ? undefined : this.#info(store)?.partitions
  }

  partitionOf(store: string, keyBytes: Uint8Array): number | undefined {
    const count = this.partitions(store)
    return count === undefined ? undefined : partitionForKey(keyBytes, count)
  }

  ownerOf(store: string, partition: number): PartitionOwner {
    const owner = this.#app.queries.metadataForStore(store).find(({ partitions }) => partitions.includes(partition))
    if (owner?.isLocal) return { kind: 'local' }
    return owner?.host === undefined ? { kind: 'unknown' } : { kind: 'remote', host: owner.host }
  }

  local(store: string, partition: number): ReadOnlyStore | undefined {
    return this.#app.queries.partitionView(store, partition)
  }

  #info(store: string) {
    return this.#app.queries.stores().find(({ name }) => name === store)
  }
}
