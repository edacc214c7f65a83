import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, settled } from '../processor.ts'
import type { WindowListStore } from '../stores/window-list-store.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import type { StreamJoiner } from './stream-join.ts'

/**
 * A stream joined with itself, from one store instead of two. Its results come in the order in which they would from
 * two: those of a record on the left, those of it on the right, and among these the pair with itself by its time.
 */
export function selfJoinOperator(storeName: string, windows: JoinWindows, joiner: StreamJoiner): CreateProcessor {
  const { beforeMs, afterMs, graceMs } = windows
  const retentionMs = beforeMs + afterMs + graceMs
  return ({ node, forwardAt, drop, store, observedTime }) => {
    const records = store<WindowListStore>(storeName)
    const time = observedTime()
    const out = new FlowRecord()
    const emit = (record: FlowRecord, left: unknown, right: unknown, timestamp: number): void => {
      out.keyFrom(record)
      out.setValue(settled(joiner(left, right, record.key), node) ?? null)
      out.timestamp = timestamp
      forwardAt(out)
    }
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (!record.hasValue) return drop('null-value')
        const { value, timestamp } = record
        if (timestamp > time.value) time.value = timestamp
        const keyBytes = records.keyBytes(record)
        records.fetch(keyBytes, timestamp - beforeMs, Math.max(0, timestamp + afterMs), (otherTime, other) => {
          emit(record, value, other, Math.max(timestamp, otherTime))
        })
        // What is past retention would not be found by itself in a store of its own either.
        let isSelfDue = timestamp > time.value - retentionMs + 1
        const emitSelf = (): void => {
          if (isSelfDue) emit(record, value, value, timestamp)
          isSelfDue = false
        }
        records.fetch(keyBytes, timestamp - afterMs, Math.max(0, timestamp + beforeMs), (otherTime, other) => {
          if (otherTime > timestamp) emitSelf()
          emit(record, other, value, Math.max(timestamp, otherTime))
        })
        emitSelf()
      },
    }
  }
}
