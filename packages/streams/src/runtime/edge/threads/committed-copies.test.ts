import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { runnable } from '../../../core/dsl/topology.ts'
import type { ByteStore } from '../../../core/stores/byte-store.ts'
import { topology } from '../../../index.ts'
import { ThreadStanding } from '../../threads/thread-standing.ts'
import { LmdbStateStores } from '../lmdb/lmdb-state-stores.ts'
import { CommittedCopies } from './committed-copies.ts'

const app = topology('shop')
const orders = app.stream(topic('order', { key: serdes.string, value: serdes.string })).groupByKey()
orders.reduce((_, value) => value, { store: 'latest' })
const plan = runnable(app).plan({})
const store = plan.stores.get('latest')!
const taskId = { subtopology: 0, partition: 0 }
const directories: string[] = []
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

function setUp() {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-committed-'))
  directories.push(directory)
  const standing = new ThreadStanding()
  const time = { now: 1_000 }
  const failures: unknown[] = []
  const clock = { now: () => time.now, after: () => () => undefined }
  const copies = new CommittedCopies({
    directory,
    plan,
    // Asked by copies whose freshness is wanted, and by nobody here.
    client: undefined as never,
    partitionsOf: () => 1,
    clock,
    standing,
    onFailure: (error) => failures.push(error),
  })
  standing.hold(2_000)
  const tell = (incarnation: number): void => {
    const state = { role: 'active', position: { order: { 0: incarnation } }, times: new Map() } as const
    copies.changed(standing.changed(), [{ task: '0_0', incarnation, state }])
  }
  return { stores: new LmdbStateStores(directory), standing, time, failures, copies, tell }
}

/** With the time of the record in front, as stores have it. */
function put(bytes: ByteStore, key: string, value: string, checkpoint: number): void {
  bytes.apply([{ key: Buffer.from(key), value: Buffer.concat([Buffer.alloc(8), Buffer.from(value)]) }], checkpoint)
}

function latestOf(copies: CommittedCopies, key: string): unknown {
  const copy = copies.find(store, 0)
  if (typeof copy !== 'object') return copy
  const view = copy.view('latest', 'committed')
  assert.equal(view.kind, 'keyValue')
  return view.kind === 'keyValue' ? view.get(key)?.value : undefined
}

test('what was committed is read while the task is held, and at no other time', async () => {
  const { stores, standing, time, copies, tell } = setUp()
  put(stores.open({ taskId, store: 'latest', kind: 'keyValue' }), 'a', 'one', 5)
  assert.equal(latestOf(copies, 'a'), undefined, 'nobody has told of the task')
  tell(1)
  assert.equal(latestOf(copies, 'a'), 'one')
  const copy = copies.find(store, 0)
  assert.ok(typeof copy === 'object')
  assert.deepEqual([copy.checkpoint('latest'), copy.freshness().position], [5, { order: { 0: 1 } }])
  standing.changed()
  assert.equal(copies.find(store, 0), 'notReady', 'the thread is about to tell something else')
  tell(1)
  assert.equal(latestOf(copies, 'a'), 'one')
  time.now = 2_000
  assert.equal(copies.find(store, 0), 'notReady', 'somebody else may own it by now')
  standing.hold(undefined)
  time.now = 1_000
  assert.equal(copies.find(store, 0), 'notReady')
  copies.close()
  await stores.close()
})

test('a store that was removed and made anew is read as the new one', async () => {
  const { stores, copies, tell, failures } = setUp()
  put(stores.open({ taskId, store: 'latest', kind: 'keyValue' }), 'a', 'one', 5)
  tell(1)
  assert.equal(latestOf(copies, 'a'), 'one')
  await stores.closeTask(taskId)
  assert.deepEqual(stores.cleanUp(-1), [taskId])
  put(stores.open({ taskId, store: 'latest', kind: 'keyValue' }), 'b', 'two', 1)
  tell(2)
  assert.deepEqual([latestOf(copies, 'a'), latestOf(copies, 'b')], [undefined, 'two'])
  copies.close()
  await stores.close()
  assert.deepEqual(failures, [])
})

test('a store that cannot be opened is told of, and the worker is asked', () => {
  const { copies, tell, failures } = setUp()
  tell(1)
  assert.equal(copies.find(store, 0), 'notReady')
  assert.equal(failures.length, 1)
})

test('a copy is what it was found as until the thread is about to change it, or may have lost it', async () => {
  const { stores, standing, time, copies, tell } = setUp()
  put(stores.open({ taskId, store: 'latest', kind: 'keyValue' }), 'a', 'one', 5)
  tell(1)
  const active = copies.find(store, 0)
  assert.ok(typeof active === 'object')
  assert.equal(active.isStill?.(), true)
  time.now = 2_000
  assert.equal(active.isStill?.(), false, 'somebody else may own it by now')
  const changelogs = [{ store: 'latest', topic: 'log', partition: 0, isSource: false, reached: 5 }]
  const state = { role: 'standby', changelogs, times: new Map(), lagRecords: 3 } as const
  copies.changed(standing.changed(), [{ task: '0_0', incarnation: 2, state }])
  assert.equal(active.isStill?.(), false)
  const standby = copies.find(store, 0)
  assert.ok(typeof standby === 'object')
  assert.deepEqual([standby.role, standby.lagRecords(), standby.reached('latest')], ['standby', 3, 5])
  assert.equal(standby.isStill?.(), true, 'a copy is nobody else’s')
  copies.written(new Map([['0_0', { ...state, changelogs: [{ ...changelogs[0]!, reached: 9 }], lagRecords: 0 }]]))
  assert.deepEqual([standby.lagRecords(), standby.reached('latest')], [0, 9])
  // About to be emptied, to be filled anew.
  standing.changed()
  assert.equal(standby.isStill?.(), false)
  assert.equal(copies.find(store, 0), 'notReady')
  copies.close()
  await stores.close()
})
