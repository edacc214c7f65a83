import type { AnyTopicContract } from '@millrace/contracts'
import { graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { GraphBuilder } from './graph-builder.ts'
import { keyValueSpec } from './table-spec.ts'

/** A table of which every instance holds all rows; only joins look into it. */
export class GlobalTable {
  readonly store: string

  constructor(store: string) {
    this.store = store
  }
}

/** Reads a topic as a global table. Names are made in the order of Kafka Streams: store, source, processor. */
export function globalTable(
  builder: GraphBuilder,
  contract: AnyTopicContract,
  options: { readonly name?: string; readonly store?: string },
): GlobalTable {
  const store = builder.storeNameOr(options.store, `${contract.name}-`)
  const source = builder.suffixedOr(options.name, '-source', 'KSTREAM-SOURCE-')
  const name = builder.nameOr(options.name, 'KTABLE-SOURCE-')
  const keySerde = contract.key as AnySerde
  const valueSerde = contract.value as AnySerde
  const spec = keyValueSpec({ name: store, keySerde, valueSerde }, { cache: false, changelog: false })
  builder.add(
    graphNode({
      name,
      parents: [],
      write: (writer) => writer.globalStore({ source, name, topic: contract.name, keySerde, valueSerde, store: spec }),
    }),
  )
  return new GlobalTable(store)
}
