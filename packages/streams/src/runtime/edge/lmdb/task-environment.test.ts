import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LmdbByteStore } from './lmdb-byte-store.ts'
import { storeAgeMaxMs, TaskEnvironment } from './task-environment.ts'

let directory: string
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-environment-'))
})
after(() => rmSync(directory, { recursive: true }))

const key = Buffer.from('k')
const write = { key, value: Buffer.from('v') }

test('a store that another boot left unsynced is thrown away', async () => {
  const path = join(directory, 'torn')
  const first = TaskEnvironment.open(path, 'boot-1')
  new LmdbByteStore(first, 's').apply([write], 7)
  // The machine loses power: the marker stays behind, the environment is never closed cleanly.
  await first.close()
  writeFileSync(join(path, 'opened'), 'boot-1\n')
  const second = TaskEnvironment.open(path, 'boot-2')
  const store = new LmdbByteStore(second, 's')
  assert.equal(store.checkpoint(), undefined)
  assert.equal(store.get(key), undefined)
  await second.close()
})

test('a store that was closed cleanly outlives a reboot', async () => {
  const path = join(directory, 'clean')
  const first = TaskEnvironment.open(path, 'boot-1')
  new LmdbByteStore(first, 's').apply([write], 7)
  await first.close()
  const second = TaskEnvironment.open(path, 'boot-2')
  assert.equal(new LmdbByteStore(second, 's').checkpoint(), 7)
  await second.close()
})

test('a store that was not written for longer than changelogs keep tombstones is restored from the beginning', async () => {
  const path = join(directory, 'outdated')
  const file = join(path, 'store.mdb')
  const age = (ms: number): void => utimesSync(file, new Date(), new Date(Date.now() - ms))
  const first = TaskEnvironment.open(path)
  new LmdbByteStore(first, 's').apply([write], 7)
  await first.close()
  age(storeAgeMaxMs - 60_000)
  const second = TaskEnvironment.open(path)
  assert.equal(new LmdbByteStore(second, 's').checkpoint(), 7)
  new LmdbByteStore(second, 's').apply([write], 8)
  await second.close()
  assert.ok(Date.now() - statSync(file).mtimeMs < 60_000, 'a write makes the store young again')
  age(storeAgeMaxMs + 60_000)
  const third = TaskEnvironment.open(path)
  assert.equal(new LmdbByteStore(third, 's').checkpoint(), undefined)
  assert.equal(new LmdbByteStore(third, 's').get(key), undefined)
  await third.close()
})

test('a file that is no store is replaced by an empty one', async () => {
  const path = join(directory, 'garbage')
  await TaskEnvironment.open(path).close()
  writeFileSync(join(path, 'store.mdb'), Buffer.alloc(16_384, 0x5a))
  const environment = TaskEnvironment.open(path)
  assert.equal(new LmdbByteStore(environment, 's').checkpoint(), undefined)
  await environment.close()
})

test('a store of an older format is rebuilt', async () => {
  const path = join(directory, 'older')
  const first = TaskEnvironment.open(path)
  new LmdbByteStore(first, 's').apply([write], 7)
  first.transaction(() => first.setNote('format', '1'))
  await first.close()
  const second = TaskEnvironment.open(path)
  const store = new LmdbByteStore(second, 's')
  assert.deepEqual([store.checkpoint(), store.get(key)], [undefined, undefined])
  store.apply([write], 3)
  await second.close()
  const third = TaskEnvironment.open(path)
  assert.equal(new LmdbByteStore(third, 's').checkpoint(), 3)
  await third.close()
})

test('a store of a newer format is refused and left alone', async () => {
  const path = join(directory, 'newer')
  const environment = TaskEnvironment.open(path)
  environment.transaction(() => environment.setNote('format', '99'))
  await environment.close()
  assert.throws(() => TaskEnvironment.open(path), { code: 'STREAMS_STATE_VERSION' })
})

test('a process killed in the middle of its writes leaves every commit whole', async () => {
  const path = join(directory, 'killed')
  const child = spawn(process.execPath, [
    '--conditions=source',
    fileURLToPath(new URL('../../../../test/support/killed-writer.ts', import.meta.url)),
    path,
  ])
  child.stderr.pipe(process.stderr)
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGKILL')
  await once(child, 'exit')
  const environment = TaskEnvironment.open(path)
  const store = new LmdbByteStore(environment, 's')
  const checkpoint = store.checkpoint() ?? 0
  assert.ok(checkpoint >= Number(said.toString().split('\n')[0]), 'a commit that was reported is there')
  const values = [...store.range({})].map(([, value]) => Buffer.from(value).readUInt32BE())
  assert.equal(values.length, 50)
  assert.ok(values.every((value) => value === checkpoint))
  await environment.close()
})
