import { FlowRecord } from '../flow-record.ts'
import { type CreateProcessor, type ProcessorSetup, settled } from '../processor.ts'
import { timeWindowedForm } from '../serdes/windowed-serde.ts'
import { asBuffer } from '../stores/bytes.ts'
import { windowLayout } from '../stores/span-layout.ts'
import type { StateStore, UpdateListener } from '../stores/state-store.ts'
import { sequenceBytes } from '../stores/window-key.ts'
import { goneAfterMs, type SpecOf } from '../topology/store-kinds.ts'
import type { Windows } from '../windows/windows.ts'
import { type EmitStrategy, FinalResults } from './final-results.ts'
import { type Aggregation, fold } from './stream-aggregate.ts'

/**
 * One aggregate a key and window. A window takes records until stream time has passed its end by the grace period; what
 * comes later for it is dropped and counted. Stream time is the greatest timestamp that this operator has seen.
 */
export function windowAggregateOperator(
  aggregation: Aggregation,
  windows: Windows,
  storeName: string,
  sendOldValues: boolean,
  emit: EmitStrategy,
): CreateProcessor {
  const { initial, add, readsValue, skipsNullValues } = aggregation
  return (setup) => {
    const { node, context, forward, drop, store, specOf, observedTime } = setup
    const state = store(storeName)
    const goneMs = goneAfterMs(specOf(storeName) as SpecOf<'window'>)
    const finals = emit === 'onClose' ? finalResults(setup, windows, storeName, state) : undefined
    const time = observedTime()
    const out = new FlowRecord()
    state.sendOldValues = sendOldValues && finals === undefined
    const keyForm = timeWindowedForm(state.keySerde)
    const handOn: UpdateListener = ({ key, windowStart: start, value, oldValue, timestamp, keyBytes, valueBytes }) => {
      // In topics a window has no sequence number behind its start.
      const bytes = asBuffer(keyBytes).subarray(0, -sequenceBytes)
      out.setKeyWithBytes({ key, window: { start, end: windows.endOf(start) } }, bytes, keyForm)
      out.setValueWithBytes(value, valueBytes === null ? null : asBuffer(valueBytes), state.valueSerde)
      out.oldValue = oldValue
      out.timestamp = timestamp
      forward(out)
    }
    if (finals === undefined) state.onUpdate = handOn
    return {
      process(record) {
        if (!record.hasKey) return drop('null-key')
        if (skipsNullValues && !record.hasValue) return drop('null-value')
        const { timestamp } = record
        const value = readsValue ? record.value : undefined
        if (timestamp > time.value) time.value = timestamp
        const closedUpTo = time.value - windows.graceMs
        for (const start of windows.startsOf(timestamp)) {
          if (windows.endOf(start) <= closedUpTo) {
            drop('late')
            continue
          }
          // Open for this input, and yet gone: another input of a cogroup may have moved the time of their store on.
          const old = start <= state.latestStart - goneMs ? undefined : state.getFor(record, start)
          const { key } = record
          const oldValue = old === undefined ? null : old.value
          const newTimestamp = old !== undefined && old.timestamp > timestamp ? old.timestamp : timestamp
          const next = fold(oldValue, initial, value, add, key, context)
          state.put(key, start, settled(next, node) ?? null, oldValue, newTimestamp)
          if (finals !== undefined && oldValue === null) finals.opened(key, start, windows.endOf(start))
        }
        if (finals !== undefined) finals.emit(closedUpTo)
      },
    }
  }
}

function finalResults(setup: ProcessorSetup, windows: Windows, storeName: string, state: StateStore): FinalResults {
  return new FinalResults(setup, {
    store: state,
    storeName,
    layout: windowLayout(windows.endOf),
    endIsInclusive: false,
    read: (key, start) => state.get(key, start),
    timeOf: (row) => row.timestamp,
  })
}
