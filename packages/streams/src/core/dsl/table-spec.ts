import type { StoreSpec, TableTraits } from '../topology/graph.ts'
import type { AnySerde } from '../topology/physical.ts'

export function keyValueSpec(
  store: { name: string; keySerde: AnySerde; valueSerde: AnySerde },
  cached: boolean | undefined,
): StoreSpec {
  const noWindows = { retentionMs: undefined, windowSizeMs: undefined, windowEnd: undefined }
  return { ...store, ...noWindows, kind: 'keyValue', cached: cached ?? true }
}

export function tableTraits(traits: Pick<TableTraits, 'store' | 'from'> & Partial<TableTraits>): TableTraits {
  return { storeOnDemand: false, oldValuesFromUpstream: false, compute: undefined, ...traits }
}
