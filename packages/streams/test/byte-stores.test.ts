import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { LmdbStateStores, MemoryStateStores, type StateStores } from '@millrace/streams/internal'
import { registerByteStoreTests } from './support/byte-store-tests.ts'

const taskId = { subtopology: 0, partition: 0 }
const directory = mkdtempSync(join(tmpdir(), 'millrace-stores-'))

const memory = new MemoryStateStores()
registerByteStoreTests({
  name: 'memory',
  open: (options) => memory.open({ taskId, ...options }),
  restart: () => memory.closeTask(),
})

let disk: StateStores = new LmdbStateStores(directory)
registerByteStoreTests({
  name: 'lmdb',
  open: (options) => disk.open({ taskId, ...options }),
  async restart() {
    await disk.close()
    disk = new LmdbStateStores(directory)
  },
})

after(async () => {
  await disk.close()
  rmSync(directory, { recursive: true })
})
