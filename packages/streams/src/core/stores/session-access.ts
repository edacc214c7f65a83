import type { RecordContext } from '../record-context.ts'
import { present } from './key-value-access.ts'
import type { SpanStore } from './span-store.ts'
import { sessionView } from './state-view.ts'
import type { SessionStore } from './user-stores.ts'

/** A session store as processors use it. */
export function sessionAccess(
  store: SpanStore,
  context: RecordContext,
  dropLate: () => void,
): SessionStore<unknown, unknown> {
  const view = sessionView(store, 'uncommitted', { liveFrom: () => store.liveFrom })
  return {
    name: store.name,
    put(key, { startMs, endMs }, value) {
      present(key, store.name)
      if (endMs < store.liveFrom) return dropLate()
      const old = store.sendOldValues ? (store.get(key, startMs, endMs)?.value ?? null) : null
      store.put(key, startMs, endMs, value ?? null, old, context.timestamp)
    },
    fetchSession: (key, startMs, endMs) => {
      const row = view.fetchSession(present(key, store.name), startMs, endMs)
      return row && { value: row.value, timestamp: row.timestamp }
    },
    findSessions: view.findSessions,
    fetch: view.fetch,
    all: view.all,
  }
}
