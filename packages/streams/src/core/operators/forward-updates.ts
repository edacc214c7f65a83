import { FlowRecord } from '../flow-record.ts'
import type { ProcessorSetup } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import type { StateStore } from '../stores/state-store.ts'

/**
 * Opens the store that an operator owns and hands its updates on, with the bytes that were made for the store: a sink or
 * repartition topic under the same serde does not make them again.
 */
export function openOwnStore(setup: ProcessorSetup, name: string, sendOldValues: boolean): StateStore {
  const state = setup.store(name)
  const { forward } = setup
  const { keySerde, valueSerde } = state
  const out = new FlowRecord()
  state.sendOldValues = sendOldValues
  state.onUpdate = ({ key, value, oldValue, timestamp, keyBytes, valueBytes }) => {
    out.setKeyWithBytes(key, asBuffer(keyBytes), keySerde)
    out.setValueWithBytes(value, valueBytes === null ? null : asBuffer(valueBytes), valueSerde)
    out.oldValue = oldValue
    out.timestamp = timestamp
    forward(out)
  }
  return state
}
