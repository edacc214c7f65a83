import type { AnyTopicContract } from '@millrace/contracts'
import { streamsError } from '../../errors.ts'
import { userProcessorOperator } from '../processing/user-processor.ts'
import { DeclaredStore } from '../stores/store-builders.ts'
import { graphNode } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'
import type { GraphBuilder } from './graph-builder.ts'

type Create = (context: never) => unknown
type FilledOptions = { readonly store: unknown; readonly name?: string }

/** A store that every instance fills from the whole of a topic, by a processor of the user's. */
export function globalStore(
  builder: GraphBuilder,
  contract: AnyTopicContract,
  create: Create,
  options: FilledOptions,
): void {
  const { source, name, filled } = declared(builder, create, options, global)
  const store = { ...filled, cached: false, changelog: undefined }
  const process = fillingOperator(create, store)
  builder.add(
    graphNode({
      name,
      parents: [],
      write: (writer) =>
        writer.globalStore({ source, name, topic: contract.name, store, process, ...serdesOf(contract) }),
    }),
  )
}

/**
 * A store that each task fills from its partition of a topic, by a processor of the user's, and that is restored from the
 * topic: the topic stands for its changelog (KIP-813).
 */
export function readOnlyStore(
  builder: GraphBuilder,
  contract: AnyTopicContract,
  create: Create,
  options: FilledOptions,
): void {
  const { source, name, filled } = declared(builder, create, options, ofTasks)
  const store = { ...filled, changelog: {}, restoresFrom: contract.name }
  const process = fillingOperator(create, store)
  builder.add(
    graphNode({
      name,
      parents: [],
      write(writer) {
        writer.source({ name: source, topic: contract.name, internal: false, ...serdesOf(contract) })
        writer.store(store)
        writer.processor({ name, parents: [source], create: process, readsValue: true, stores: [store.name] })
      },
    }),
  )
}

/** Names in the order of Kafka Streams, which calls such a store a table. */
function declared(builder: GraphBuilder, create: Create, options: FilledOptions, kinds: readonly StoreSpec['kind'][]) {
  const source = builder.suffixedOr(options.name, '-source', 'KSTREAM-SOURCE-')
  const name = builder.nameOr(options.name, 'KTABLE-SOURCE-')
  return { source, name, filled: filledSpec(options.store, create, name, kinds) }
}

function serdesOf(contract: AnyTopicContract): { keySerde: AnySerde; valueSerde: AnySerde } {
  return { keySerde: contract.key as AnySerde, valueSerde: contract.value as AnySerde }
}

function fillingOperator(create: Create, { name }: StoreSpec) {
  return userProcessorOperator({ create: create as never, stores: [name], takesNull: true, keepsKeys: true })
}

/** What the topic's own bytes can be restored into. */
const ofTasks = ['keyValue'] as const
const global = [...ofTasks, 'window', 'session'] as const

const kindNames: Partial<Record<StoreSpec['kind'], string>> = {
  keyValue: 'keys and values',
  window: 'windows',
  session: 'sessions',
}

/** @throws STREAMS_TOPOLOGY_INVALID */
function filledSpec(store: unknown, create: Create, node: string, kinds: readonly StoreSpec['kind'][]): StoreSpec {
  if (typeof create !== 'function') {
    const message = `${node}: what fills a store is a function of the context that returns a processor`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node })
  }
  if (store instanceof DeclaredStore && kinds.includes(store.spec.kind)) return store.spec
  const of = kinds.map((kind) => kindNames[kind]).join(', ')
  const message = `${node}: { store } must be what keyValueStore(…) or one of its like declares: a store of ${of}`
  throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node })
}
