import { hiddenHeadersSerde } from '../stores/value-headers.ts'
import type { StoreSpec } from './store-kinds.ts'

/** What rows of the DSL's stores hold beside their values (KIP-1285, `dsl.store.format`). */
export type StoreFormat = 'default' | 'headers'

/**
 * A store of a table, a window or sessions in the format with headers. As in Kafka Streams 4.3, only stores on disk have one:
 * those in memory, those of a user's own and those that keep versions are as they were.
 */
export function inFormat<S extends StoreSpec>(spec: S, format: StoreFormat): S {
  const { kind, storage = 'disk' } = spec
  const hasFormat = (kind === 'keyValue' || kind === 'window' || kind === 'session') && storage === 'disk'
  if (format === 'default' || !hasFormat) return spec
  return { ...spec, valueSerde: hiddenHeadersSerde(spec.valueSerde), hasHeaders: true }
}
