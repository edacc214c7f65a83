import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { runnable } from '../core/dsl/topology.ts'
import type { ByteStore } from '../core/stores/byte-store.ts'
import type { StorePlan } from '../core/topology/plan.ts'
import { layoutOf } from '../core/topology/store-kinds.ts'
import { sessionWindow, type Topology, type TopologyOptions, topology, tumbling } from '../index.ts'
import { LmdbStateStores } from './edge/lmdb/lmdb-state-stores.ts'
import { MemoryStateStores } from './memory-state-stores.ts'
import type { StateStores } from './state-stores.ts'
import { checkStoreKinds } from './store-kinds.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const directory = mkdtempSync(join(tmpdir(), 'millrace-kinds-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const taskId = { subtopology: 0, partition: 0 }

type Build = (app: Topology) => unknown
const logged: Build = (app) => app.stream(words).groupByKey().count({ store: 'kept' })
const unlogged: Build = (app) => app.stream(words).groupByKey().count({ store: 'kept', changelog: false })
const windows: Build = (app) =>
  app
    .stream(words)
    .groupByKey()
    .window(tumbling({ sizeMs: 10 }))
    .count({ store: 'kept', changelog: false })
const sessions: Build = (app) =>
  app
    .stream(words)
    .groupByKey()
    .window(sessionWindow({ gapMs: 10 }))
    .count({ store: 'kept', changelog: false })

function planOf(build: Build, storeFormat: TopologyOptions['storeFormat']): StorePlan {
  const app = topology('kinds', storeFormat && { storeFormat })
  build(app)
  return runnable(app).plan().stores.get('kept')!
}

function opened(stores: StateStores, plan: StorePlan): ByteStore {
  checkStoreKinds(stores, taskId, [plan])
  return stores.open({ taskId, store: plan.name, ...layoutOf(plan) })
}

/** A time of 5 and a value, as they are stored. */
const plainRow = Buffer.from('00000000000000053132', 'hex')
const rowWithHeaders = Buffer.from('0000000000000005000000003132', 'hex')
/** The key `k`, with the times that keys of windows and of sessions have, here 0. */
const keyFor = { keyValue: 1, window: 13, session: 17 } as const

function rowsOf(store: ByteStore): string[] {
  return [...store.range({})].map(([, value]) => Buffer.from(value).toString('hex'))
}

for (const [name, create] of [
  ['in memory', () => new MemoryStateStores()],
  ['on disk', () => new LmdbStateStores(mkdtempSync(join(directory, 'state-')))],
] as const) {
  for (const build of [unlogged, windows, sessions]) {
    const plain = planOf(build, undefined)
    const headed = planOf(build, 'headers')
    const key = Buffer.alloc(keyFor[plain.kind as keyof typeof keyFor])
    key.write('k')

    test(`rows of a ${plain.kind} store without changelog are taken over into the format with headers, ${name}`, async () => {
      const stores = create()
      opened(stores, plain).apply([{ key, value: plainRow }], undefined)
      assert.deepEqual(rowsOf(opened(stores, headed)), [rowWithHeaders.toString('hex')])
      assert.deepEqual(rowsOf(opened(stores, headed)), [rowWithHeaders.toString('hex')], 'once')
      assert.throws(() => opened(stores, plain), {
        code: 'STREAMS_STORE_CHANGED',
        fields: { store: 'kept', found: `${plain.kind} with headers`, expected: plain.kind },
      })
      await stores.close()
    })

    test(`rows of a ${plain.kind} store are taken over once, whenever that is cut off, ${name}`, async () => {
      for (let cut = 0; ; cut++) {
        const stores = create()
        opened(stores, plain).apply([{ key, value: plainRow }], undefined)
        let calls = 0
        const dying = dyingStores(stores, () => {
          if (++calls > cut) throw new Error('cut off')
        })
        try {
          opened(dying, headed)
        } catch (error) {
          assert.equal((error as Error).message, 'cut off')
        }
        assert.deepEqual(rowsOf(opened(stores, headed)), [rowWithHeaders.toString('hex')], `cut off at ${cut}`)
        await stores.close()
        if (calls <= cut) break
        assert.ok(cut < 20)
      }
    })
  }

  test(`a store with a changelog is restored in the format with headers, ${name}`, async () => {
    const stores = create()
    opened(stores, planOf(logged, undefined)).apply([{ key: Buffer.from('k'), value: plainRow }], 7)
    const store = opened(stores, planOf(logged, 'headers'))
    assert.deepEqual([rowsOf(store), store.checkpoint()], [[], undefined])
    await stores.close()
  })
}

/** Before every write the process may be killed. */
function dyingStores(stores: StateStores, beforeWrite: () => void): StateStores {
  return {
    claim: (id) => stores.claim(id),
    open(options) {
      const store = stores.open(options)
      return {
        get: (key) => store.get(key),
        range: (bounds) => store.range(bounds),
        apply(writes, checkpoint) {
          beforeWrite()
          store.apply(writes, checkpoint)
        },
        checkpoint: () => store.checkpoint(),
        close: () => store.close(),
      }
    },
    wipe(id, store) {
      beforeWrite()
      stores.wipe(id, store)
    },
    note: (id, name) => stores.note(id, name),
    setNote(id, name, text) {
      beforeWrite()
      stores.setNote(id, name, text)
    },
    closeTask: (id) => stores.closeTask(id),
    storedTasks: () => stores.storedTasks(),
    offsetsOf: (id) => stores.offsetsOf(id),
    cleanUp: (ms) => stores.cleanUp(ms),
    close: () => stores.close(),
  }
}
