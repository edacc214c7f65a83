// What is written in turns shows when it is all there, and nothing of it before.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Pace } from '../../../core/pace.ts'
import type { ByteStore, ByteStoreOptions } from '../../../core/stores/byte-store.ts'
import { windowKey } from '../../../core/stores/window-key.ts'
import { LmdbStateStores } from './lmdb-state-stores.ts'
import { lmdbMaxKeyBytes } from './long-keys.ts'

const directories: string[] = []
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const minuteMs = 60_000
const long = 'x'.repeat(2 * lmdbMaxKeyBytes)

const kinds: readonly (Pick<ByteStoreOptions, 'kind' | 'retentionMs'> & {
  readonly key: (text: string, at: number) => Buffer
})[] = [
  { kind: 'keyValue', key: (text) => Buffer.from(text) },
  { kind: 'window', retentionMs: 10 * minuteMs, key: (text, at) => Buffer.from(windowKey(Buffer.from(text), at)) },
]

function open({ kind, retentionMs }: (typeof kinds)[number]) {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-turns-'))
  directories.push(directory)
  const stores = new LmdbStateStores(directory)
  const taskId = { subtopology: 0, partition: 0 }
  return { stores, store: stores.open({ taskId, store: 's', kind, retentionMs }) }
}

/** Gives way after every few writes, and looks at the store then. */
function looking(look: () => void): Pace & { readonly turns: () => number } {
  let turns = 0
  return {
    isOver: () => true,
    async turn() {
      turns++
      await new Promise(setImmediate)
      look()
    },
    turns: () => turns,
  }
}

function contents(store: ByteStore): string[] {
  return [...store.range({})].map(([key, value]) => `${Buffer.from(key).toString('latin1')}=${Buffer.from(value)}`)
}

for (const each of kinds) {
  const { kind, key } = each
  /** Old keys anew, new keys, one that goes, one longer than LMDB's; of windows, a segment that is new. */
  const writes = [
    ...Array.from({ length: 80 }, (_, i) => ({ key: key(`k${i}`, (i * minuteMs) / 2), value: Buffer.from('new') })),
    { key: key(long, 0), value: Buffer.from('new') },
    { key: key('gone', 0), value: undefined },
  ]
  const before = ['k1', 'k2', 'gone', long].map((text, i) => ({
    key: key(text, i < 2 ? (i + 1) * minuteMs : 0),
    value: Buffer.from('old'),
  }))

  test(`${kind}: readers see what was there until all is written`, async () => {
    const { stores, store } = open(each)
    const twin = open(each)
    for (const one of [store, twin.store]) one.apply(before, 7)
    const was = contents(store)
    const pace = looking(() => {
      assert.deepEqual(contents(store), was)
      assert.deepEqual(Buffer.from(store.get(key('k1', minuteMs))!).toString(), 'old')
      assert.deepEqual(Buffer.from(store.get(key(long, 0))!).toString(), 'old')
      assert.equal(store.get(key('k79', 39.5 * minuteMs)), undefined)
      assert.equal(store.checkpoint(), 7)
    })
    await store.applyInTurns!(writes, 9, pace)
    assert.ok(pace.turns() >= 1)
    twin.store.apply(writes, 9)
    assert.deepEqual(contents(store), contents(twin.store))
    assert.notDeepEqual(contents(store), was)
    assert.equal(store.checkpoint(), 9)
    // What follows is read and written as ever.
    store.apply([{ key: key('k1', minuteMs), value: Buffer.from('newer') }], 10)
    assert.equal(store.checkpoint(), 10)
    await stores.close()
    await twin.stores.close()
  })

  test(`${kind}: a write that fails half-way leaves no trace`, async () => {
    const { stores, store } = open(each)
    store.apply(before, 7)
    const was = contents(store)
    const failing = function* () {
      yield* writes
      throw new Error('the disk is full')
    }
    // Windows are read to their end before anything is written.
    const pace = looking(() => {})
    await assert.rejects(store.applyInTurns!(failing(), 9, pace), /full/)
    assert.deepEqual(contents(store), was)
    assert.equal(store.checkpoint(), 7)
    store.apply(writes, 9)
    assert.equal(store.checkpoint(), 9)
    await stores.close()
  })
}
