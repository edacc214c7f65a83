import type { ProcessorSetup } from '../processor.ts'
import { present } from './key-value-access.ts'
import type { VersionedKeyValueStore } from './user-stores.ts'
import type { VersionedStore } from './versioned-store.ts'

/** A versioned store as processors use it. */
export function versionedAccess(name: string, setup: ProcessorSetup): VersionedKeyValueStore<unknown, unknown> {
  const store = setup.store<VersionedStore>(name)
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
