import {
  sessionStoreLookup,
  storeLookup,
  type TableLookup,
  versionedLookup,
  windowStoreLookup,
} from '../operators/table-getter.ts'
import type { GraphNode, TableFacts } from './graph.ts'
import { inFormat, type StoreFormat } from './store-format.ts'
import type { SpecOf, StoreSpec } from './store-kinds.ts'

const lookups: Partial<Record<StoreSpec['kind'], (store: string) => TableLookup>> = {
  window: windowStoreLookup,
  session: sessionStoreLookup,
  versioned: versionedLookup,
}

/**
 * Finds out which tables need a store and which updates must carry old values, as Kafka Streams does: requests are
 * answered in the order of the program, since a later step may have made a store that an earlier one did not need.
 */
export function planTables(nodes: readonly GraphNode[], format: StoreFormat): TableFacts {
  const stored = new Set<GraphNode>()
  const sending = new Set<GraphNode>()

  const needRows = (table: GraphNode): void => {
    const traits = table.table!
    if (traits.store !== undefined) stored.add(table)
    else for (const parent of traits.from) needRows(parent)
  }
  const sendOldValues = (table: GraphNode, mayMakeStore: boolean): boolean => {
    if (sending.has(table)) return true
    const { store, storeOnDemand, from, oldValuesFromUpstream } = table.table!
    if (storeOnDemand) {
      if (!mayMakeStore && !stored.has(table)) return false
      stored.add(table)
    } else if (store === undefined || oldValuesFromUpstream) {
      for (const parent of from) if (!sendOldValues(parent, mayMakeStore)) return false
    }
    sending.add(table)
    return true
  }

  for (const node of nodes) {
    if (node.table?.store !== undefined && !node.table.storeOnDemand) stored.add(node)
    for (const { table, needs } of node.asks) {
      if (needs === 'rows') needRows(table)
      else if (needs === 'oldValues') sendOldValues(table, true)
      else if (sendOldValues(table, false)) sending.add(node)
    }
  }

  const formatted = new Map<StoreSpec, StoreSpec>()
  const storeOf = (table: GraphNode): StoreSpec | undefined => {
    const spec = stored.has(table) ? table.table!.store : undefined
    if (spec === undefined) return undefined
    // Steps share a store by declaring the same one.
    const known = formatted.get(spec) ?? inFormat(spec, format)
    formatted.set(spec, known)
    return known
  }
  const lookupOf = (table: GraphNode): TableLookup => {
    const store = storeOf(table)
    if (store !== undefined) return lookups[store.kind]?.(store.name) ?? storeLookup(store.name)
    return table.table!.compute!(table.table!.from.map(lookupOf))
  }
  const versionedStoreOf = (table: GraphNode): SpecOf<'versioned'> | undefined => {
    const store = storeOf(table)
    if (store !== undefined) return store.kind === 'versioned' ? store : undefined
    // A join of versioned tables has none (KIP-914).
    const { from, store: own } = table.table!
    return own === undefined && from.length === 1 ? versionedStoreOf(from[0]!) : undefined
  }
  return { storeOf, lookupOf, versionedStoreOf, sendsOldValues: (table) => sending.has(table) }
}
