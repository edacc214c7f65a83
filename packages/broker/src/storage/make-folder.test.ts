import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { makeFolder } from './make-folder.ts'

test('a folder is made with those above it, and again without harm', () => {
  const root = mkdtempSync(join(tmpdir(), 'millrace-folder-'))
  try {
    makeFolder(join(root, 'a/b/c'))
    makeFolder(join(root, 'a/b/c'))
    assert.ok(existsSync(join(root, 'a/b/c')))
    writeFileSync(join(root, 'file'), '')
    for (const refused of ['file', 'file/below']) {
      assert.throws(() => makeFolder(join(root, refused)), { code: 'BROKER_STORAGE_FAILED' })
    }
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('a place that takes no folders is refused at once', {
  skip: !existsSync('/proc/self') && 'there is no /proc',
}, () => {
  assert.throws(() => makeFolder('/proc/millrace/data'), { code: 'BROKER_STORAGE_FAILED' })
})
