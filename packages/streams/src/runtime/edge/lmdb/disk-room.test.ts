import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LmdbByteStore } from './lmdb-byte-store.ts'
import { TaskEnvironment } from './task-environment.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-room-'))
})
after(() => rmSync(directory, { recursive: true }))

test('where nothing more can be written, commits are refused by our own write, and the process and what it committed live on', {
  skip: process.platform === 'win32',
}, () => {
  const writer = fileURLToPath(new URL('../../../../test/support/bounded-writer.ts', import.meta.url))
  const path = join(directory, 'bounded')
  // A limit in place of a full disk, which only root can make: 2 MiB.
  const command = 'ulimit -f 2048; exec "$0" --conditions=source "$1" "$2"'
  const child = spawnSync('bash', ['-c', command, process.execPath, writer, path], { encoding: 'utf8' })
  assert.equal(child.status, 0, `${child.signal}: ${child.stderr}`)
  const said = JSON.parse(child.stdout) as { written: number; rows: number; messages: string[] }
  assert.equal(said.rows, said.written)
  assert.ok(said.written > 10, `${said.written} were written before the first was refused`)
  assert.deepEqual(said.messages, ['EFBIG: file too large, write'])
})

test('a store whose rows change takes no more room after its first commits', async () => {
  const path = join(directory, 'steady')
  const environment = TaskEnvironment.open(path)
  const store = new LmdbByteStore(environment, 's')
  const commit = (round: number): void =>
    store.apply(
      Array.from({ length: 500 }, (_, i) => ({ key: Buffer.from(`key ${i * 7}`), value: Buffer.alloc(100, round) })),
      round,
    )
  for (let round = 0; round < 10; round++) commit(round)
  const { size } = statSync(join(path, 'store.mdb'))
  for (let round = 10; round < 200; round++) commit(round)
  assert.equal(statSync(join(path, 'store.mdb')).size, size)
  assert.ok(size < 2_000_000, `${size} bytes for 55,000 of rows`)
  await environment.close()
})
