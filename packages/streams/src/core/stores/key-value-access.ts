import type { RecordContext } from '../record-context.ts'
import { noWindow, type StateStore } from './state-store.ts'
import { keyValueView } from './state-view.ts'
import type { KeyValueStore, TimestampedKeyValueStore } from './user-stores.ts'
import type { RangeQuery, Timestamped } from './views.ts'

/** The store as processors use it, with the times of values. */
export function timestampedAccess(
  state: StateStore,
  context: RecordContext,
): TimestampedKeyValueStore<unknown, unknown> {
  const view = keyValueView(state, 'uncommitted')
  const get = (key: unknown): Timestamped<unknown> | undefined => {
    const row = state.look(present(key, state.name))
    // The store answers with one object that it fills anew each time.
    return row && { value: row.value, timestamp: row.timestamp }
  }
  const put = (key: unknown, value: unknown, timestamp = context.timestamp): void => {
    present(key, state.name)
    const old = state.sendOldValues ? (state.look(key)?.value ?? null) : null
    state.put(key, noWindow, value ?? null, old, timestamp)
  }
  return {
    name: state.name,
    get,
    put,
    putIfAbsent(key, value, timestamp) {
      const found = get(key)
      if (found === undefined) put(key, value, timestamp)
      return found
    },
    delete(key) {
      const found = get(key)
      if (found !== undefined) put(key, null)
      return found
    },
    range: (query) => view.range(query),
    all: (query = {}) => view.range(query),
  }
}

/** The store as processors use it, values alone. */
export function plainAccess(state: StateStore, context: RecordContext): KeyValueStore<unknown, unknown> {
  const { name, get, put, putIfAbsent, delete: remove, range: timed } = timestampedAccess(state, context)
  function* range(query: RangeQuery<unknown>): Generator<{ key: unknown; value: unknown }> {
    for (const { key, value } of timed(query)) yield { key, value }
  }
  return {
    name,
    get: (key) => get(key)?.value,
    put: (key, value) => put(key, value),
    putIfAbsent: (key, value) => putIfAbsent(key, value)?.value,
    delete: (key) => remove(key)?.value,
    range,
    all: (query = {}) => range(query),
  }
}

/** Kafka Streams refuses null keys in stores: they have no place in the order of keys. */
export function present(key: unknown, store: string): unknown {
  if (key === null || key === undefined) throw new TypeError(`store '${store}' was asked for the key ${key}`)
  return key
}
