import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LmdbStateStores } from '@millrace/streams/internal'
import { MemoryByteStore, memoryStores } from '../../src/core/stores/memory-store.ts'
import type { ByteStore, ByteStoreOptions } from '../../src/index.ts'
import { registerStoreTests, type StoreSetup } from './store-tests.ts'

function onDisk(): StoreSetup {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-stores-'))
  const provider = new LmdbStateStores(directory)
  return {
    provider,
    async dispose() {
      await provider.close()
      rmSync(directory, { recursive: true })
    },
  }
}

const cacheMaxBytes = 1_000_000

for (const [how, cache] of [
  ['without cache', false],
  ['cached', true],
] as const) {
  registerStoreTests(`on disk, ${how}`, onDisk, { kept: { cache }, cacheMaxBytes, survivesClosing: true })
  registerStoreTests(`in memory, ${how}`, onDisk, {
    kept: { cache, storage: 'memory' },
    cacheMaxBytes,
    survivesClosing: false,
  })
}

/** What a user's supplier opens: byte stores that this process keeps. */
const supplied = new Map<string, ByteStore>()
function supply(options: ByteStoreOptions): ByteStore {
  const store = supplied.get(options.store) ?? new MemoryByteStore(options)
  supplied.set(options.store, store)
  return store
}

registerStoreTests('of a supplier', () => ({ provider: memoryStores(), dispose: () => supplied.clear() }), {
  kept: { storage: supply },
  cacheMaxBytes: 0,
  survivesClosing: true,
})
