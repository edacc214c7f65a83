import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { LmdbStateStores } from './lmdb-state-stores.ts'

const taskId = { subtopology: 0, partition: 1 }

test("a task that is being closed is nobody's to open, and is known to be as far as it was", async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-closing-'))
  try {
    const stores = new LmdbStateStores(directory)
    assert.ok(stores.claim(taskId))
    stores.open({ taskId, store: 'counts', kind: 'keyValue', retentionMs: undefined })
    const closed = stores.closeTask(taskId, 7)
    assert.equal(stores.claim(taskId), false)
    assert.equal(stores.offsetsOf(taskId), 7)
    await closed
    assert.equal(stores.offsetsOf(taskId), 7)
    assert.ok(stores.claim(taskId))
    await stores.close()
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
