import type { FlowRecord } from '../flow-record.ts'
import type { MissReason, ProcessorSetup } from '../processor.ts'
import type { AnySerde } from '../topology/physical.ts'
import type { TableLookup } from './table-getter.ts'

export interface TableMissOptions {
  /** Names of the source nodes that the table's rows come from. */
  readonly tableSources: readonly string[]
  /** What the stream's keys were read with. */
  readonly keySerde: AnySerde | undefined
}

/** Notes why a record found no row, with its time and the one that the table has reached. */
export function missingRows(
  setup: ProcessorSetup,
  table: TableLookup,
  { tableSources, keySerde }: TableMissOptions,
): (record: FlowRecord, isLate?: boolean) => void {
  const { miss, timeOf, isElsewhere } = setup
  const liveFrom = table.liveFrom?.(setup)
  const reasonOf = (record: FlowRecord, tableTimeMs: number): MissReason => {
    if (!record.hasKey) return 'null-key'
    if (!record.hasValue) return 'null-value'
    if (liveFrom !== undefined && record.timestamp < liveFrom()) return 'expired'
    // Known only while the key is as it was read: what a callback made went through a topic of our own.
    const key = keySerde && record.keyBytesUnder(keySerde)
    if (key && isElsewhere(key)) return 'not-co-partitioned'
    return tableTimeMs < record.timestamp ? 'not-loaded' : 'no-row'
  }
  return (record, isLate = false) => {
    const tableTimeMs = timeOf(tableSources)
    const reason = reasonOf(record, tableTimeMs)
    const isRowGone = reason === 'no-row' || reason === 'not-loaded'
    miss(isLate && isRowGone ? 'late' : reason, record.timestamp, tableTimeMs)
  }
}
