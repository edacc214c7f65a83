import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { JoinBuffer } from '../stores/join-buffer.ts'
import type { TableLookup } from './table-getter.ts'
import { missingRows, type TableMissOptions } from './table-miss.ts'

export interface GraceJoinOptions extends TableMissOptions {
  readonly isLeft: boolean
  readonly buffer: string
  readonly graceMs: number
}

/**
 * A join of a stream with a versioned table that waits for late rows (KIP-923): records are held back until stream time
 * has passed them by the grace period, and find the row that was valid at their time. Later ones are joined at once.
 */
export function graceJoinOperator(
  table: TableLookup,
  joiner: (value: unknown, row: unknown, key: unknown) => unknown,
  options: GraceJoinOptions,
): CreateProcessor {
  const { isLeft, buffer: name, graceMs } = options
  return (setup) => {
    const { node, context, forward, drop, store, observedTime, task } = setup
    const miss = missingRows(setup, table, options)
    const lookup = table.open(setup)
    const buffer = store<JoinBuffer>(name)
    const time = observedTime()
    const out = new FlowRecord()
    /** `out` is the record: as it came, or as it waited. */
    const join = (isLate: boolean): void => {
      const { key, value, timestamp } = out
      const row = key === null ? undefined : lookup(key, timestamp)
      if (row === undefined) {
        miss(out, isLate)
        if (!isLeft) return
      }
      out.setValue(settled(joiner(value, row === undefined ? null : row.value, key), node) ?? null)
      forward(out)
    }
    return {
      process(record) {
        if (!record.hasKey && !isLeft) {
          miss(record)
          return drop('null-key')
        }
        if (!record.hasValue) {
          miss(record)
          return drop('null-value')
        }
        const { timestamp } = record
        const isLate = time.value - graceMs > timestamp
        if (isLate || !record.hasKey) {
          out.keyFrom(record)
          out.valueFrom(record)
          out.timestamp = timestamp
          return join(isLate)
        }
        if (timestamp > time.value) time.value = timestamp
        buffer.put(record, context)
        if (buffer.minTime > time.value - graceMs) return
        // Downstream sees the record that waited, not the one that time moved on with.
        const origin = task.context.snapshot()
        buffer.takeUpTo(time.value - graceMs, (waited) => {
          task.context.assume(waited.context)
          out.setKey(waited.key)
          out.setValue(waited.value)
          out.timestamp = waited.context.timestamp
          join(false)
        })
        task.context.assume(origin)
      },
    }
  }
}
