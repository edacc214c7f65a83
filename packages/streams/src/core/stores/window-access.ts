import type { RecordContext } from '../record-context.ts'
import type { SpecOf } from '../topology/store-kinds.ts'
import { present } from './key-value-access.ts'
import type { StateStore } from './state-store.ts'
import { windowView } from './state-view.ts'
import type { WindowStore } from './user-stores.ts'

/** A window store as processors use it. */
export function windowAccess(
  state: StateStore,
  context: RecordContext,
  spec: SpecOf<'window'>,
  dropLate: () => void,
): WindowStore<unknown, unknown> {
  const { retentionMs, windowEnd } = spec
  const latestStart = (): number => state.latestStart
  const { get, fetch, fetchAll, all } = windowView(state, 'uncommitted', { retentionMs, windowEnd, latestStart })
  return {
    name: state.name,
    put(key, windowStartMs, value, timestamp = context.timestamp) {
      present(key, state.name)
      if (windowStartMs <= state.latestStart - retentionMs) return dropLate()
      const old = state.sendOldValues ? (state.look(key, windowStartMs)?.value ?? null) : null
      state.put(key, windowStartMs, value ?? null, old, timestamp)
    },
    get: (key, windowStartMs) => {
      const row = get(present(key, state.name), windowStartMs)
      return row && { value: row.value, timestamp: row.timestamp }
    },
    fetch,
    fetchAll,
    all,
  }
}
