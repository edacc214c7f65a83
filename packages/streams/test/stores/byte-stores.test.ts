import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { LmdbStateStores } from '@millrace/streams/internal'
import { memoryStores } from '../../src/core/stores/memory-store.ts'
import { registerByteStoreTests } from './byte-store-tests.ts'

registerByteStoreTests('memory', () => ({ provider: memoryStores(), dispose: () => {} }), {
  survivesClosing: true,
  keyBytesMax: 5_000,
  forgetsExpiredWindows: true,
})

registerByteStoreTests(
  'lmdb',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-stores-'))
    const stores = new LmdbStateStores(directory)
    return {
      provider: stores,
      async dispose() {
        await stores.close()
        rmSync(directory, { recursive: true })
      },
    }
  },
  { survivesClosing: true, keyBytesMax: 5_000, forgetsExpiredWindows: true },
)

test('lmdb: contents and checkpoints outlive the process that wrote them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-stores-'))
  const options = { taskId: { subtopology: 0, partition: 0 }, store: 'totals', kind: 'keyValue' } as const
  const first = new LmdbStateStores(directory)
  first.open(options).apply([{ key: Buffer.from('alice'), value: Buffer.from('12') }], 7)
  await first.close()
  const second = new LmdbStateStores(directory)
  const store = second.open(options)
  assert.equal(Buffer.from(store.get(Buffer.from('alice')) ?? []).toString(), '12')
  assert.equal(store.checkpoint(), 7)
  await second.close()
  rmSync(directory, { recursive: true })
})
