import { streamsError } from '../../errors.ts'
import { derivedKeySerde, derivedValueSerde } from '../serdes/derived-serdes.ts'
import type { PhysicalWriter } from '../topology/graph.ts'
import { wholeMs } from '../windows/windows.ts'
import type { Stream } from './stream.ts'
import type { Table } from './table.ts'

/**
 * Declares the store that the records of a stream-table join wait in; undefined where they do not.
 *
 * @throws STREAMS_TOPOLOGY_INVALID where the table has no versions, or forgets them before the records stop waiting
 */
export function graceBuffer(
  writer: PhysicalWriter,
  join: {
    readonly name: string
    readonly stream: Stream
    readonly table: Table
    readonly graceMs: number | undefined
  },
): string | undefined {
  if (join.graceMs === undefined) return undefined
  const graceMs = wholeMs(join.name, 'graceMs', join.graceMs, 0)
  const versions = writer.facts.versionedStoreOf(join.table.state.node)
  if (versions === undefined || versions.historyRetentionMs < graceMs) {
    const message =
      versions === undefined
        ? 'needs a table with historyRetentionMs'
        : `is longer than the table's historyRetentionMs, ${versions.historyRetentionMs}`
    throw streamsError('STREAMS_TOPOLOGY_INVALID', `graceMs of ${join.name} ${message}`, { node: join.name })
  }
  const { keySerde = derivedKeySerde, valueSerde = derivedValueSerde } = join.stream.state
  const name = `${join.name}-Buffer`
  writer.store({ kind: 'joinBuffer', name, keySerde, valueSerde, cached: false, changelog: {} })
  return name
}
