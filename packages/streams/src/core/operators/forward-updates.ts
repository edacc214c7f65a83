import { FlowRecord } from '../flow-record.ts'
import type { ProcessorSetup } from '../processor.ts'
import { asBuffer } from '../stores/bytes.ts'
import type { StateStore } from '../stores/state-store.ts'
import type { VersionedStore } from '../stores/versioned-store.ts'

/** What operators use of the store that they own. */
export type OwnStore = Pick<StateStore, 'get' | 'getFor' | 'put' | 'isCached' | 'valueSerde'>

/**
 * Opens the store that an operator owns and hands its updates on, with the bytes that were made for the store: a sink or
 * repartition topic under the same serde does not make them again.
 */
export function openOwnStore(setup: ProcessorSetup, name: string, sendOldValues: boolean): OwnStore {
  if (setup.specOf(name).kind === 'versioned') return openOwnVersions(setup, name)
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

/**
 * Rows with versions: each update takes the place that its time gives it, and is handed on as the latest or as an older
 * one; what is past retention is not (KIP-914).
 */
function openOwnVersions(setup: ProcessorSetup, name: string): OwnStore {
  const { forward, drop } = setup
  const state = setup.store<VersionedStore>(name)
  const { valueSerde } = state
  const out = new FlowRecord()
  return {
    isCached: false,
    valueSerde,
    get: (key) => state.get(key),
    getFor: (record) => state.get(record.key),
    put(key, _windowStart, value, oldValue, timestamp, known) {
      const outcome = state.put(key, value, timestamp, known)
      if (outcome === 'expired') return drop('late')
      out.setKey(key)
      if (known === undefined) out.setValue(value)
      else out.setValueWithBytes(value, asBuffer(known), valueSerde)
      out.oldValue = oldValue
      out.timestamp = timestamp
      out.isLatest = outcome === 'latest'
      forward(out)
    },
  }
}
