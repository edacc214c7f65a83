import { FlowRecord } from '../flow-record.ts'
import type { CreateProcessor } from '../processor.ts'
import type { VersionedStore } from '../stores/versioned-store.ts'

/**
 * A topic or stream read as a table whose rows have versions: the time of a record says where it belongs, not its offset
 * (KIP-889). Updates that are not the latest are handed on as such: most tables made from this one pass them by (KIP-914).
 */
export function versionedTableSourceOperator(storeName: string, sendOldValues: boolean): CreateProcessor {
  return ({ forward, drop, store }) => {
    const state = store<VersionedStore>(storeName)
    const out = new FlowRecord()
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        const { key, value, timestamp } = record
        const old = sendOldValues ? state.get(key) : undefined
        const outcome = state.put(key, value, timestamp, record.valueBytesUnder(state.valueSerde) ?? undefined)
        if (outcome === 'expired') return drop('late')
        out.keyFrom(record)
        out.valueFrom(record)
        out.oldValue = old === undefined ? null : old.value
        out.timestamp = timestamp
        out.isLatest = outcome === 'latest'
        forward(out)
      },
    }
  }
}
