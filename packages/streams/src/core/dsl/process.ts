import { streamsError } from '../../errors.ts'
import type { RecordProcessor } from '../processing/processor-api.ts'
import { type UserProcessorOptions, userProcessorOperator } from '../processing/user-processor.ts'
import { DeclaredStore } from '../stores/store-builders.ts'
import type { GraphNode, PhysicalWriter } from '../topology/graph.ts'
import type { StoreSpec } from '../topology/store-kinds.ts'

/** A supplier as the types let it through; see `ProcessorSupplier`. */
export type AnySupplier =
  | ((context: never) => RecordProcessor<never>)
  | { readonly stores?: readonly unknown[]; readonly create: (context: never) => RecordProcessor<never> }

interface ProcessorStep {
  readonly name: string
  readonly parents: readonly GraphNode[]
  readonly supplier: AnySupplier
  /** What the step was connected to: builders, and names of stores that other steps declare. */
  readonly stores: readonly unknown[] | undefined
  readonly takesNull: boolean
  readonly keepsKeys: boolean
}

/** Writes a processor of the user's, its stores before it. */
export function processorWriter(step: ProcessorStep): (writer: PhysicalWriter) => void {
  const { name, supplier, takesNull, keepsKeys } = step
  const isFunction = typeof supplier === 'function'
  const create = isFunction ? supplier : supplier?.create
  if (typeof create !== 'function') {
    const message = `${name}: a supplier is a function of the context, or an object with such a function as 'create'`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node: name })
  }
  const brought = isFunction ? [] : (supplier.stores ?? [])
  const connected = [...brought, ...(step.stores ?? [])].map((store) => connectedStore(store, name))
  const stores = [...new Set(connected.map((store) => (typeof store === 'string' ? store : store.name)))]
  const options = { create, stores, takesNull, keepsKeys } as unknown as UserProcessorOptions
  const parents = step.parents.map((parent) => parent.name)
  return (writer) => {
    for (const store of connected) if (typeof store !== 'string') writer.store(store)
    writer.processor({ name, parents, create: userProcessorOperator(options), readsValue: true, stores })
  }
}

function connectedStore(store: unknown, node: string): StoreSpec | string {
  if (typeof store === 'string') return store
  if (store instanceof DeclaredStore) return store.spec
  const message = `${node}: a store is connected by what declared it (keyValueStore(…)) or by its name`
  throw streamsError('STREAMS_TOPOLOGY_INVALID', message, { node })
}
