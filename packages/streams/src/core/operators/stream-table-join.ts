import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { TableGetter, TableLookup } from './table-getter.ts'
import { missingRows, type TableMissOptions } from './table-miss.ts'

/**
 * A stream looks rows of a table up as they are now; of a versioned table, as they were at the record's time. Only the stream's side makes results; their time is that of the
 * stream's record.
 */
export function streamTableJoinOperator(
  table: TableLookup,
  joiner: (value: unknown, row: unknown, key: unknown) => unknown,
  options: TableMissOptions & { readonly isLeft: boolean },
): CreateProcessor {
  const { isLeft } = options
  return (setup) => {
    const { node, forward, drop } = setup
    const miss = missingRows(setup, table, options)
    const lookup = table.openForRecords?.(setup) ?? byKey(table.open(setup))
    const out = new FlowRecord()
    return {
      process(record) {
        // A left join keeps records without key since KIP-962: they match nothing.
        if (!record.hasKey) {
          miss(record)
          if (!isLeft) return drop('null-key')
        }
        if (!record.hasValue) {
          if (record.hasKey) miss(record)
          return drop('null-value')
        }
        const row = record.hasKey ? lookup(record) : undefined
        if (row === undefined) {
          if (record.hasKey) miss(record)
          if (!isLeft) return
        }
        const found = row === undefined ? null : row.value
        out.setValue(settled(joiner(record.value, found, record.key), node) ?? null)
        out.keyFrom(record)
        out.timestamp = record.timestamp
        forward(out)
      },
    }
  }
}

function byKey(lookup: TableGetter): (record: FlowRecord) => ReturnType<TableGetter> {
  return (record) => lookup(record.key, record.timestamp)
}
