import type { ProcessorSetup } from '../processor.ts'
import { present } from './key-value-access.ts'
import type { VersionedKeyValueStore } from './user-stores.ts'
import type { VersionedStore } from './versioned-store.ts'

/** A versioned store as processors use it. */
export function versionedAccess(
  name: string,
  setup: ProcessorSetup,
  isOwn: boolean,
): VersionedKeyValueStore<unknown, unknown> {
  const store = setup.store<VersionedStore>(name)
  // Shared by the processors of the store; a table's has the time of the table.
  if (isOwn) store.time = setup.observedTime(name)
  const put = (key: unknown, value: unknown, timestamp = setup.context.timestamp): void => {
    if (store.put(present(key, name), value ?? null, timestamp) === 'expired') setup.drop('late')
  }
  return {
    name,
    put,
    delete(key, timestamp = setup.context.timestamp) {
      const found = store.get(present(key, name), timestamp)
      put(key, null, timestamp)
      return found
    },
    get: (key, asOfMs) => store.get(present(key, name), asOfMs),
  }
}
