import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { open } from 'lmdb'
import { directoryFormatVersion, StateDirectory } from './state-directory.ts'

let root: string
before(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-state-'))
})
after(() => rmSync(root, { recursive: true }))

test('the instance id stays the same across restarts', async () => {
  const first = await StateDirectory.open(root, 'app', () => 'one')
  await first.close()
  const second = await StateDirectory.open(root, 'app', () => 'two')
  assert.equal(second.instanceId, 'one')
  await second.close()
})

test('a second user is refused and told who holds the directory', async () => {
  const first = await StateDirectory.open(root, 'busy', () => 'one')
  await assert.rejects(
    StateDirectory.open(root, 'busy', () => 'two'),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'STREAMS_STATE_LOCKED')
      assert.match(error.message, new RegExp(`process ${process.pid} `))
      return true
    },
  )
  await first.close()
})

test('the lock of a killed process is free, that of a living one is not', async () => {
  const script = `
    import { open } from 'lmdb'
import { directoryFormatVersion, StateDirectory } from ${JSON.stringify(new URL('./state-directory.ts', import.meta.url).href)}
    await StateDirectory.open(${JSON.stringify(root)}, 'killed', () => 'child')
    console.log('held')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '-e', script])
  child.stderr.pipe(process.stderr)
  await once(child.stdout, 'data')
  await assert.rejects(
    StateDirectory.open(root, 'killed', () => 'me'),
    { code: 'STREAMS_STATE_LOCKED' },
  )
  child.kill('SIGKILL')
  await once(child, 'exit')
  const taken = await StateDirectory.open(root, 'killed', () => 'me')
  assert.equal(taken.instanceId, 'child')
  await taken.close()
})

test('a directory of a newer release is refused and left alone', async () => {
  const first = await StateDirectory.open(root, 'newer', () => 'one')
  await first.close()
  const store = open<unknown, string>({ path: join(root, 'newer', 'instance.mdb'), encoding: 'json' })
  store.putSync('format', directoryFormatVersion + 1)
  await store.close()
  await assert.rejects(
    StateDirectory.open(root, 'newer', () => 'two'),
    { code: 'STREAMS_STATE_VERSION', fields: { directory: join(root, 'newer'), found: 2, supported: 1 } },
  )
})

test('a directory that is damaged, or none at all, is named', async () => {
  mkdirSync(join(root, 'damaged'))
  writeFileSync(join(root, 'damaged', 'instance.mdb'), Buffer.alloc(8_192, 7))
  writeFileSync(join(root, 'file'), '')
  for (const id of ['damaged', 'file']) {
    await assert.rejects(
      StateDirectory.open(root, id, () => 'one'),
      { code: 'STREAMS_STATE_FAILED', fields: { directory: join(root, id) } },
    )
  }
})
