import { memoryStores } from '../../src/core/stores/memory-store.ts'
import { registerByteStoreTests } from './byte-store-tests.ts'

registerByteStoreTests('memory', () => ({ provider: memoryStores(), dispose: () => {} }), {
  survivesClosing: true,
  keyBytesMax: 5_000,
  forgetsExpiredWindows: true,
})
