import { streamsError } from '../../errors.ts'
import type { TableTraits } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf, StoreSpec } from '../topology/store-kinds.ts'
import { wholeMs } from '../windows/windows.ts'
import { type KeptAs, keptAs } from './kept-as.ts'

export function keyValueSpec(
  store: { name: string; keySerde: AnySerde; valueSerde: AnySerde },
  options: KeptAs,
): SpecOf<'keyValue'> {
  return { ...store, kind: 'keyValue', ...keptAs(options) }
}

/** The store of a table's rows: with versions where their retention is given. */
export function rowsSpec(
  store: { name: string; keySerde: AnySerde; valueSerde: AnySerde },
  options: KeptAs & { readonly store?: string; readonly historyRetentionMs?: number },
): StoreSpec {
  if (options.historyRetentionMs === undefined) return keyValueSpec(store, options)
  if (options.store === undefined) {
    throw streamsError('STREAMS_TOPOLOGY_INVALID', 'a table with historyRetentionMs needs a name for its store')
  }
  const historyRetentionMs = wholeMs(store.name, 'historyRetentionMs', options.historyRetentionMs, 0)
  return { ...store, kind: 'versioned', historyRetentionMs, ...keptAs(options), cached: false }
}

export function tableTraits(traits: Pick<TableTraits, 'store' | 'from'> & Partial<TableTraits>): TableTraits {
  return { storeOnDemand: false, oldValuesFromUpstream: false, compute: undefined, ...traits }
}
