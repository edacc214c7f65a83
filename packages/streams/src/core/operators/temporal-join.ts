import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { JoinBuffer } from '../stores/join-buffer.ts'
import type { TableLookup } from './table-getter.ts'

export interface GraceJoinOptions {
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
  { isLeft, buffer: name, graceMs }: GraceJoinOptions,
): CreateProcessor {
  return (setup) => {
    const { node, context, forward, drop, miss, store, observedTime, task } = setup
    const lookup = table.open(setup)
    const buffer = store<JoinBuffer>(name)
    const time = observedTime()
    const out = new FlowRecord()
    const join = (key: unknown, value: unknown, timestamp: number): void => {
      const row = key === null ? undefined : lookup(key, timestamp)
      if (row === undefined) {
        miss(key === null ? 'null-key' : 'no-row')
        if (!isLeft) return
      }
      out.setKey(key)
      out.setValue(settled(joiner(value, row === undefined ? null : row.value, key), node) ?? null)
      out.timestamp = timestamp
      forward(out)
    }
    return {
      process(record) {
        if (!record.hasKey && !isLeft) {
          miss('null-key')
          return drop('null-key')
        }
        if (!record.hasValue) {
          miss('null-value')
          return drop('null-value')
        }
        const { timestamp } = record
        const isLate = time.value - graceMs > timestamp
        if (isLate || !record.hasKey) return join(record.key, record.value, timestamp)
        if (timestamp > time.value) time.value = timestamp
        buffer.put(record, context)
        if (buffer.minTime > time.value - graceMs) return
        // Downstream sees the record that waited, not the one that time moved on with.
        const origin = task.context.snapshot()
        buffer.takeUpTo(time.value - graceMs, (waited) => {
          task.context.assume(waited.context)
          join(waited.key, waited.value, waited.context.timestamp)
        })
        task.context.assume(origin)
      },
    }
  }
}
