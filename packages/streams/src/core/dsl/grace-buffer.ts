import { streamsError } from '../../errors.ts'
import { releaseWaitingOperator, waitForTableOperator } from '../operators/wait-for-table.ts'
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
  return addBuffer(writer, `${join.name}-Buffer`, join.stream)
}

/**
 * Writes the steps that hold records back until the table has reached their time, in front of a stream-table join;
 * returns what its records come from. Kafka Streams has no such steps: they are there only where they are asked for.
 */
export function waitForTable(
  writer: PhysicalWriter,
  join: {
    readonly name: string
    readonly stream: Stream
    readonly table: Table
    readonly tableSources: readonly string[]
    readonly wait: { readonly maxMs: number } | undefined
  },
): readonly string[] {
  const { name, stream, table, tableSources, wait } = join
  if (wait === undefined) return [stream.state.node.name]
  const maxMs = wholeMs(name, 'waitForTable.maxMs', wait.maxMs, 1)
  const buffer = addBuffer(writer, `${name}-wait-buffer`, stream)
  const options = { buffer, tableSources, maxMs }
  const steps = [
    { name: `${name}-wait`, parent: stream.state.node.name, create: waitForTableOperator(options) },
    { name: `${name}-release`, parent: table.state.node.name, create: releaseWaitingOperator(options) },
  ]
  for (const { name: step, parent, create } of steps) {
    writer.processor({ name: step, parents: [parent], create, readsValue: true, stores: [buffer] })
  }
  return steps.map((step) => step.name)
}

function addBuffer(writer: PhysicalWriter, name: string, { state }: Stream): string {
  const { keySerde = derivedKeySerde, valueSerde = derivedValueSerde } = state
  writer.store({ kind: 'joinBuffer', name, keySerde, valueSerde, cached: false, changelog: {} })
  return name
}
