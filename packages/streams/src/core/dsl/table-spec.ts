import type { TableTraits } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import { type KeptAs, keptAs } from './kept-as.ts'

export function keyValueSpec(
  store: { name: string; keySerde: AnySerde; valueSerde: AnySerde },
  options: KeptAs,
): SpecOf<'keyValue'> {
  return { ...store, kind: 'keyValue', ...keptAs(options) }
}

export function tableTraits(traits: Pick<TableTraits, 'store' | 'from'> & Partial<TableTraits>): TableTraits {
  return { storeOnDemand: false, oldValuesFromUpstream: false, compute: undefined, ...traits }
}
