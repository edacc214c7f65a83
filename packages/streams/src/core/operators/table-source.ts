import { FlowRecord } from '../flow-record.ts'
import type { CreateProcessor } from '../processor.ts'
import { noWindow } from '../stores/state-store.ts'
import { openOwnStore } from './forward-updates.ts'

/**
 * A topic or stream read as a table: the last value of a key, by offset. Without store (nobody looks rows up) updates
 * pass through.
 */
export function tableSourceOperator(storeName: string | undefined, sendOldValues: boolean): CreateProcessor {
  return (setup) => {
    const { forward, drop } = setup
    const out = new FlowRecord()
    if (storeName === undefined) {
      return {
        process(record) {
          if (!record.hasKey) return drop('null-key')
          out.keyFrom(record)
          out.valueFrom(record)
          out.oldValue = null
          out.timestamp = record.timestamp
          forward(out)
        },
      }
    }
    const state = openOwnStore(setup, storeName, sendOldValues)
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        const { key } = record
        const known = sendOldValues && !state.isCached ? state.get(key) : undefined
        const bytes = record.valueBytesUnder(state.valueSerde) ?? undefined
        state.put(key, noWindow, record.value, known === undefined ? null : known.value, record.timestamp, bytes)
      },
    }
  }
}
