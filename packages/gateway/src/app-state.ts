import { partitionForKey } from '@millrace/protocol'
import type { StreamsInstance } from '@millrace/streams'
import type { StateProvider, StoreDescription } from './state-provider.ts'

/**
 * A running application as the gateway asks it.
 *
 * @example
 * await using gateway = await startGateway({ state: [appState(streams)], metrics: [], health: [], connectors: () => [] })
 */
export function appState(app: StreamsInstance): StateProvider {
  return new AppState(app)
}

class AppState implements StateProvider {
  readonly #app: StreamsInstance
  readonly #stores: readonly StoreDescription[]
  readonly ask: StateProvider['ask']
  readonly resolveBound: StateProvider['resolveBound']
  readonly lags: StateProvider['lags']
  readonly changes: StateProvider['changes']

  constructor(app: StreamsInstance) {
    this.#app = app
    const { queries, applicationId: application } = app
    this.#stores = queries.stores().map(({ name, kind, keySerde, valueSerde }) => {
      return { name, kind, keySerde, valueSerde, application }
    })
    this.ask = queries.askPartition
    this.resolveBound = queries.resolveBound
    this.lags = queries.lags
    this.changes = queries.changes
  }

  stores(): readonly StoreDescription[] {
    return this.#stores
  }

  partitions(store: string): number | undefined {
    return this.#app.state() === 'created' ? undefined : this.#info(store)?.partitions
  }

  partitionOf(store: string, keyBytes: Uint8Array): number | undefined {
    const count = this.partitions(store)
    return count === undefined ? undefined : partitionForKey(keyBytes, count)
  }

  metadata(store: string, partition: number): ReturnType<StateProvider['metadata']> {
    return this.#app.queries.metadataForPartition(store, partition)
  }

  #info(store: string) {
    return this.#app.queries.stores().find(({ name }) => name === store)
  }
}
