import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import type { ByteStore, ByteStoreProvider } from '../../src/core/stores/byte-store.ts'
import { windowKey } from '../../src/core/stores/window-key.ts'

export interface ByteStoreFeatures {
  /** Whether what was applied is found again after closing and opening. */
  readonly survivesClosing: boolean
  /** Longest key in bytes; longer ones are tested up to this. */
  readonly keyBytesMax: number
  /** Whether window stores forget what is past retention by themselves. */
  readonly forgetsExpiredWindows: boolean
}

export interface ByteStoreFactory {
  readonly provider: ByteStoreProvider
  readonly dispose: () => void | Promise<void>
}

const taskId = { subtopology: 0, partition: 3 }

/** What every byte store must do; each implementation runs it. */
export function registerByteStoreTests(
  name: string,
  create: () => ByteStoreFactory | Promise<ByteStoreFactory>,
  features: ByteStoreFeatures,
): void {
  describe(`${name} as a byte store`, () => {
    let factory: ByteStoreFactory
    let store: ByteStore
    const open = (): ByteStore => factory.provider.open({ taskId, store: 'totals', kind: 'keyValue' })
    const reopen = (): void => {
      store.close()
      store = open()
    }

    beforeEach(async () => {
      factory = await create()
      store = open()
    })
    afterEach(async () => {
      store.close()
      await factory.dispose()
    })

    test('finds what was applied, and nothing else', () => {
      store.apply([put('a', 'one'), put('b', '')], undefined)
      assert.equal(text(store.get(key('a'))), 'one')
      assert.equal(text(store.get(key('b'))), '')
      assert.equal(store.get(key('c')), undefined)
    })

    test('applies writes in order: the last one of a key counts', () => {
      store.apply([put('a', 'one'), put('a', 'two'), del('b'), put('b', 'three'), put('c', 'x'), del('c')], undefined)
      assert.equal(text(store.get(key('a'))), 'two')
      assert.equal(text(store.get(key('b'))), 'three')
      assert.equal(store.get(key('c')), undefined)
    })

    test('orders keys as unsigned bytes, a prefix before its extensions', () => {
      const keys = [[0xff], [0x00], [0x7f, 0x01], [0x80], [0x7f], [0x00, 0x00], [0x61, 0xff, 0xff], [0x62]]
      store.apply(
        keys.map((bytes) => ({ key: Buffer.from(bytes), value: Buffer.from(bytes) })),
        undefined,
      )
      const expected = keys.map((bytes) => Buffer.from(bytes)).sort(Buffer.compare)
      assert.deepEqual(keysOf(store.range({})), expected)
      assert.deepEqual(keysOf(store.range({ reverse: true })), expected.toReversed())
    })

    test('ranges include their begin and exclude their end, both ways', () => {
      store.apply(
        ['a', 'b', 'c', 'd'].map((name) => put(name, name)),
        undefined,
      )
      const names = (range: Parameters<ByteStore['range']>[0]): string => keysOf(store.range(range)).join('')
      assert.equal(names({ from: key('b'), to: key('d') }), 'bc')
      assert.equal(names({ from: key('b'), to: key('d'), reverse: true }), 'cb')
      assert.equal(names({ from: key('bb') }), 'cd')
      assert.equal(names({ to: key('c') }), 'ab')
      assert.equal(names({ to: key('cc'), reverse: true }), 'cba')
      assert.equal(names({ from: key('d'), to: key('b') }), '')
      assert.equal(names({ from: key('x') }), '')
    })

    test('an iteration may be left half way', () => {
      store.apply(
        ['a', 'b', 'c'].map((name) => put(name, name)),
        undefined,
      )
      for (const [first] of store.range({})) {
        assert.equal(text(first), 'a')
        break
      }
      store.apply([del('a')], undefined)
      assert.equal(store.get(key('a')), undefined)
    })

    test('copies what it is given: the caller may reuse its buffers', () => {
      const shared = { key: Buffer.from('k1'), value: Buffer.from('v1') }
      store.apply(
        (function* () {
          yield shared
          shared.key.write('k2')
          shared.value.write('v2')
          yield shared
        })(),
        undefined,
      )
      shared.value.write('xx')
      assert.equal(text(store.get(key('k1'))), 'v1')
      assert.equal(text(store.get(key('k2'))), 'v2')
    })

    test('writes that fail half way leave nothing behind', () => {
      store.apply([put('a', 'one')], 5)
      const failing = function* () {
        yield put('a', 'two')
        yield put('b', 'two')
        throw new Error('half way')
      }
      assert.throws(() => store.apply(failing(), 9), /half way/)
      assert.equal(text(store.get(key('a'))), 'one')
      assert.equal(store.get(key('b')), undefined)
      assert.equal(store.checkpoint(), 5)
    })

    test('keeps the checkpoint, and leaves it as it is when none is given', () => {
      assert.equal(store.checkpoint(), undefined)
      store.apply([put('a', 'one')], undefined)
      assert.equal(store.checkpoint(), undefined)
      store.apply([], 0)
      assert.equal(store.checkpoint(), 0)
      store.apply([put('a', 'two')], 2 ** 40)
      store.apply([put('a', 'three')], undefined)
      assert.equal(store.checkpoint(), 2 ** 40)
    })

    test('carries empty, binary and long values', () => {
      const long = Buffer.alloc(300_000, 7)
      store.apply(
        [
          { key: key('long'), value: long },
          { key: Buffer.from([0, 255, 0]), value: Buffer.alloc(0) },
        ],
        undefined,
      )
      assert.deepEqual(Buffer.from(store.get(key('long'))!), long)
      assert.equal(store.get(Buffer.from([0, 255, 0]))?.length, 0)
    })

    test('tells keys apart that are long and alike', () => {
      const stem = 'k'.repeat(features.keyBytesMax - 1)
      const keys = [`${stem}a`, `${stem}b`, stem, `${stem.slice(0, 600)}`].filter(
        (name, at, all) => all.indexOf(name) === at,
      )
      store.apply(
        keys.map((name) => put(name, name)),
        undefined,
      )
      for (const name of keys) assert.equal(text(store.get(key(name))), name)
      assert.deepEqual(keysOf(store.range({})).map(String), keys.toSorted())
      store.apply([del(`${stem}a`)], undefined)
      assert.equal(store.get(key(`${stem}a`)), undefined)
      assert.equal(text(store.get(key(`${stem}b`))), `${stem}b`)
    })

    test('stores and tasks do not see each other', () => {
      const { provider } = factory
      const other = provider.open({ taskId, store: 'others', kind: 'keyValue' })
      store.apply([put('a', 'mine')], 1)
      other.apply([put('a', 'other')], 2)
      assert.equal(text(store.get(key('a'))), 'mine')
      assert.equal(text(other.get(key('a'))), 'other')
      assert.equal(store.checkpoint(), 1)
      other.close()
    })

    test('what was applied is there after closing and opening', { skip: survival(features) }, () => {
      store.apply([put('a', 'one'), put('b', 'two')], 7)
      store.apply([del('b')], 9)
      reopen()
      assert.equal(text(store.get(key('a'))), 'one')
      assert.equal(store.get(key('b')), undefined)
      assert.equal(store.checkpoint(), 9)
    })

    test('agrees with a plain sorted map over random writes', () => {
      const model = new Map<string, string>()
      let state = 12_345
      const next = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
        return Math.floor((state / 2 ** 32) * below)
      }
      for (let round = 0; round < 30; round++) {
        const writes = Array.from({ length: 1 + next(40) }, () => {
          const name = `key-${next(60)}`
          const value = next(4) === 0 ? undefined : `value-${next(1_000)}`
          if (value === undefined) model.delete(name)
          else model.set(name, value)
          return value === undefined ? del(name) : put(name, value)
        })
        store.apply(writes, round)
        const from = `key-${next(60)}`
        const found = [...store.range({ from: key(from) })].map(([k, v]) => [text(k), text(v)])
        assert.deepEqual(found, [...model].filter(([name]) => name >= from).sort(byName))
      }
    })

    test('a window store keeps windows by key and start, in order of both', () => {
      const windows = factory.provider.open({ taskId, store: 'windows', kind: 'window', retentionMs: 100_000 })
      const names = [
        ['b', 10],
        ['a', 20],
        ['a', 10],
        ['ab', 10],
      ] as const
      windows.apply(
        names.map(([name, start]) => ({ key: windowKey(key(name), start), value: key(`${name}${start}`) })),
        4,
      )
      assert.equal(text(windows.get(windowKey(key('a'), 20))), 'a20')
      const found = [...windows.range({ from: windowKey(key('a'), 0), to: windowKey(key('a'), 15) })]
      assert.deepEqual(
        found.map(([, value]) => text(value)),
        ['a10'],
      )
      assert.deepEqual(
        keysOf(windows.range({})),
        names.map(([name, start]) => windowKey(key(name), start)).sort(Buffer.compare),
      )
      windows.close()
    })

    test('a window store keeps what is within retention', () => {
      const windows = factory.provider.open({ taskId, store: 'windows', kind: 'window', retentionMs: 1_000_000 })
      windows.apply(
        [0, 600_000, 1_000_000].map((start) => ({ key: windowKey(key('a'), start), value: key('x') })),
        1,
      )
      assert.notEqual(windows.get(windowKey(key('a'), 600_000)), undefined)
      assert.notEqual(windows.get(windowKey(key('a'), 1_000_000)), undefined)
      windows.close()
    })

    test('a window store forgets what is long past retention', { skip: expiry(features) }, () => {
      const windows = factory.provider.open({ taskId, store: 'windows', kind: 'window', retentionMs: 1_000_000 })
      windows.apply([{ key: windowKey(key('a'), 0), value: key('old') }], 1)
      windows.apply([{ key: windowKey(key('b'), 10_000_000), value: key('new') }], 2)
      windows.apply([{ key: windowKey(key('b'), 20_000_000), value: key('newer') }], 3)
      assert.equal(windows.get(windowKey(key('a'), 0)), undefined)
      assert.deepEqual(keysOf(windows.range({})), [windowKey(key('b'), 20_000_000)])
      windows.close()
    })
  })
}

function survival(features: ByteStoreFeatures): string | false {
  return features.survivesClosing ? false : 'this store lives in memory only'
}

function expiry(features: ByteStoreFeatures): string | false {
  return features.forgetsExpiredWindows ? false : 'this store leaves expired windows to its reader'
}

function key(name: string): Buffer {
  return Buffer.from(name)
}

function put(name: string, value: string): { key: Buffer; value: Buffer } {
  return { key: key(name), value: Buffer.from(value) }
}

function del(name: string): { key: Buffer; value: undefined } {
  return { key: key(name), value: undefined }
}

function text(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString()
}

function keysOf(entries: Iterable<readonly [Uint8Array, Uint8Array]>): Buffer[] {
  return [...entries].map(([bytes]) => Buffer.from(bytes))
}

function byName(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1
}
