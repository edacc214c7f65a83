import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { serdes } from '@millrace/contracts'
import type { ByteStoreProvider } from '../../src/core/stores/byte-store.ts'
import {
  type KeptAs,
  keyValueStore,
  keyValueStoreWithHeaders,
  type StoreBuilder,
  sessionStore,
  sessionStoreWithHeaders,
  timestampedKeyValueStore,
  versionedStore,
  windowStore,
  windowStoreWithHeaders,
} from '../../src/index.ts'
import { StoreHarness } from './store-harness.ts'

export interface StoreSetup {
  readonly provider: ByteStoreProvider
  readonly dispose: () => void | Promise<void>
}

interface StoreFeatures {
  readonly kept: KeptAs
  readonly cacheMaxBytes: number
  /** Whether what was committed is found by the next task that opens the store. */
  readonly survivesClosing: boolean
}

/** What every store must do that a processor is given, however it is kept. */
export function registerStoreTests(
  name: string,
  create: () => StoreSetup | Promise<StoreSetup>,
  { kept, cacheMaxBytes, survivesClosing }: StoreFeatures,
): void {
  describe(`stores ${name}`, () => {
    let setup: StoreSetup
    const opened: StoreHarness<unknown>[] = []
    function open<S>(builder: StoreBuilder<S>): StoreHarness<S> {
      const harness = new StoreHarness(builder, setup.provider, cacheMaxBytes)
      opened.push(harness as StoreHarness<unknown>)
      return harness
    }

    beforeEach(async () => {
      setup = await create()
    })
    afterEach(async () => {
      for (const { task } of opened.splice(0)) task.close()
      await setup.dispose()
    })

    const plain = keyValueStore<string, number>({ name: 'plain', ...kept })
    const timed = timestampedKeyValueStore<string, number>({ name: 'timed', ...kept })
    const windows = windowStore<string, number>({ name: 'windows', sizeMs: 10, retentionMs: 100, ...kept })
    const sessions = sessionStore<string, number>({ name: 'sessions', retentionMs: 100, ...kept })

    const headed = keyValueStoreWithHeaders<string, number>({ name: 'headed', ...kept })
    const windowing = { sizeMs: 10, retentionMs: 100 }
    const headedWindows = windowStoreWithHeaders<string, number>({ name: 'headed-windows', ...windowing, ...kept })
    const headedSessions = sessionStoreWithHeaders<string, number>({ name: 'headed-sessions', ...windowing, ...kept })

    test('a key-value store finds what was put, and nothing that was deleted', () => {
      const { run } = bound(open(plain))
      run((store) => {
        assert.equal(store.get('a'), undefined)
        store.put('a', 1)
        store.put('b', 2)
        assert.equal(store.get('a'), 1)
        assert.equal(store.putIfAbsent('a', 9), 1)
        assert.equal(store.putIfAbsent('c', 3), undefined)
        assert.equal(store.delete('b'), 2)
        assert.equal(store.delete('b'), undefined)
        store.put('c', null)
        assert.deepEqual([...store.all()], [{ key: 'a', value: 1 }])
      })
    })

    test('a key-value store iterates in the order of bytes, within bounds, backward and up to a limit', () => {
      const harness = open(plain)
      harness.run((store) => {
        for (const key of ['b', 'd', 'a']) store.put(key, key.charCodeAt(0))
      })
      harness.commit()
      harness.run((store) => {
        store.put('c', 99)
        store.delete('d')
        const keys = (entries: Iterable<{ key: string }>): string => [...entries].map(({ key }) => key).join('')
        assert.equal(keys(store.all()), 'abc')
        assert.equal(keys(store.all({ reverse: true })), 'cba')
        assert.equal(keys(store.all({ limit: 2 })), 'ab')
        assert.equal(keys(store.range({ from: 'b' })), 'bc')
        assert.equal(keys(store.range({ from: 'a', to: 'b' })), 'ab')
        assert.equal(keys(store.range({ to: 'b', reverse: true, limit: 1 })), 'b')
      })
    })

    test('what is put and deleted while it is iterated does not change the iteration', () => {
      const harness = open(plain)
      harness.run((store) => {
        for (const key of ['a', 'c', 'e']) store.put(key, 1)
      })
      harness.commit()
      harness.run((store) => {
        store.put('g', 1)
        const seen: string[] = []
        for (const { key } of store.all()) {
          seen.push(key)
          store.delete('e')
          store.put(`${key}+`, 1)
        }
        assert.deepEqual(seen, ['a', 'c', 'e', 'g'])
        assert.equal([...store.all()].length, 7)
      })
    })

    test('a timestamped store keeps the time of the record, or the one it is given', () => {
      const harness = open(timed)
      harness.run((store) => {
        store.put('a', 1)
        store.put('b', 2, 77)
        assert.deepEqual(store.get('a'), { value: 1, timestamp: 5 })
        assert.deepEqual(store.putIfAbsent('b', 3), { value: 2, timestamp: 77 })
        assert.deepEqual(store.delete('b'), { value: 2, timestamp: 77 })
      }, 5)
      harness.commit()
      const rows = harness.run((store) => [...store.all()], 9)
      assert.deepEqual(rows, [{ key: 'a', value: 1, timestamp: 5 }])
    })

    test('null is no key', () => {
      open(plain).run((store) => {
        assert.throws(() => store.get(null as never), TypeError)
        assert.throws(() => store.put(undefined as never, 1), TypeError)
      })
    })

    test('a window store finds windows by start, and those of a key in the order of time', () => {
      const harness = open(windows)
      harness.run((store) => {
        for (const [key, start] of [
          ['a', 20],
          ['a', 0],
          ['aa', 10],
          ['a', 10],
        ] as const) {
          store.put(key, start, start + key.length)
        }
      })
      harness.commit()
      harness.run((store) => {
        store.put('a', 10, null)
        store.put('a', 30, 31)
        assert.equal(store.get('a', 20)?.value, 21)
        assert.equal(store.get('a', 10), undefined)
        const starts = (entries: Iterable<{ start: number; end: number }>): number[][] => {
          return [...entries].map(({ start, end }) => [start, end])
        }
        assert.deepEqual(starts(store.fetch('a', { fromMs: 0, toMs: 20 })), [
          [0, 10],
          [20, 30],
        ])
        assert.deepEqual(starts(store.fetch('a', { fromMs: 5, toMs: 99, reverse: true })), [
          [30, 40],
          [20, 30],
        ])
        assert.equal([...store.all()].length, 4)
      })
    })

    test('windows past retention are neither found nor taken', () => {
      const harness = open(windows)
      harness.run((store) => {
        store.put('a', 0, 1)
        store.put('a', 90, 2)
      })
      harness.run((store) => {
        assert.equal(store.get('a', 0)?.value, 1)
        store.put('b', 100, 3)
        assert.equal(store.get('a', 0), undefined)
        store.put('a', 0, 4)
        assert.equal(store.get('a', 0), undefined)
        assert.deepEqual(
          [...store.fetch('a', { fromMs: 0, toMs: 200 })].map(({ value }) => value),
          [2],
        )
      })
    })

    test('a session store finds sessions by key and by the time that they touch', () => {
      const harness = open(sessions)
      harness.run((store) => {
        store.put('a', { startMs: 0, endMs: 10 }, 1)
        store.put('a', { startMs: 30, endMs: 35 }, 2)
        store.put('b', { startMs: 5, endMs: 5 }, 3)
      })
      harness.commit()
      harness.run((store) => {
        assert.equal(store.fetchSession('a', 30, 35)?.value, 2)
        assert.equal(store.fetchSession('a', 30, 36), undefined)
        const values = (entries: Iterable<{ value: number }>): number[] => [...entries].map(({ value }) => value)
        assert.deepEqual(values(store.fetch('a')), [1, 2])
        assert.deepEqual(values(store.findSessions('a', { earliestEndMs: 11 })), [2])
        assert.deepEqual(values(store.findSessions('a', { latestStartMs: 29 })), [1])
        store.put('a', { startMs: 0, endMs: 10 }, null)
        store.put('a', { startMs: 0, endMs: 35 }, 4)
        assert.deepEqual(values(store.findSessions('a', {})).sort(), [2, 4])
        store.put('b', { startMs: 120, endMs: 120 }, 5)
        store.put('b', { startMs: 3, endMs: 20 }, 6)
        assert.deepEqual(values(store.fetch('b')), [5])
      })
    })

    test('a versioned store finds what was valid at a time, whatever the order of the versions', () => {
      const { cache: _, ...keptAs } = kept
      const harness = open(versionedStore<string, number>({ name: 'versions', historyRetentionMs: 100, ...keptAs }))
      harness.run((store) => {
        store.put('a', 1, 10)
        store.put('a', 3, 30)
        store.put('a', 2, 20)
      })
      harness.commit()
      harness.run((store) => {
        assert.deepEqual(store.get('a'), { value: 3, timestamp: 30, validTo: undefined })
        assert.deepEqual(store.get('a', 25), { value: 2, timestamp: 20, validTo: 30 })
        assert.equal(store.get('a', 9), undefined)
        assert.equal(store.delete('a', 15)?.value, 1)
        assert.equal(store.get('a', 17), undefined)
        assert.equal(store.get('a', 20)?.value, 2)
        store.put('b', 9, 500)
        store.put('a', 4, 5)
        assert.equal(store.get('a')?.value, 3)
      })
    })

    test('values keep the headers of the record, or those that they are given', () => {
      const headers = [
        { key: 'trace', value: Buffer.from('x') },
        { key: 'empty', value: null },
      ]
      const harness = open(headed)
      harness.run((store) => {
        store.put('a', 1, { headers, timestamp: 7 })
        store.put('b', 2)
        assert.deepEqual(store.get('a'), { value: 1, timestamp: 7, headers })
        assert.deepEqual(store.putIfAbsent('b', 3)?.headers, [])
      }, 5)
      harness.commit()
      harness.run((store) => {
        assert.deepEqual(
          [...store.all()],
          [
            { key: 'a', value: 1, timestamp: 7, headers },
            { key: 'b', value: 2, timestamp: 5, headers: [] },
          ],
        )
        assert.deepEqual(store.delete('a')?.headers, headers)
      })
      const [first] = harness.logged
      assert.deepEqual([String(first?.value), first?.headers], ['1', headers], 'the changelog has plain values')
    })

    test('windows and sessions keep headers, too', () => {
      const headers = [{ key: 'trace', value: Buffer.from('x') }]
      const window = open(headedWindows)
      window.run((store) => store.put('a', 10, 1, { headers }), 12)
      window.commit()
      window.run((store) => {
        assert.deepEqual(store.get('a', 10), { value: 1, timestamp: 12, headers })
        const [found] = store.fetch('a', { fromMs: 0, toMs: 99 })
        assert.deepEqual(found?.headers, headers)
      })
      const session = open(headedSessions)
      session.run((store) => store.put('a', { startMs: 1, endMs: 5 }, 1, headers))
      session.commit()
      session.run((store) => {
        assert.deepEqual(store.fetchSession('a', 1, 5)?.headers, headers)
        assert.deepEqual([...store.findSessions('a', {})][0]?.headers, headers)
      })
    })

    test('an aborted transaction leaves what the last commit left', () => {
      const harness = open(plain)
      harness.run((store) => store.put('a', 1))
      harness.commit()
      harness.run((store) => {
        store.put('a', 2)
        store.put('b', 2)
      })
      harness.task.discard()
      assert.deepEqual(
        harness.run((store) => [...store.all()]),
        [{ key: 'a', value: 1 }],
      )
    })

    test('changelogs restore what was committed, in all kinds of stores', () => {
      for (const builder of [plain, timed, headed, windows, sessions] as StoreBuilder<AnyStore>[]) {
        const first = open(builder)
        const fill = (store: AnyStore): void => {
          if ('fetchAll' in store) {
            store.put('a', 10, 1)
            store.put('a', 20, 2)
            store.put('a', 20, null)
          } else if ('findSessions' in store) {
            store.put('a', { startMs: 1, endMs: 2 }, 1)
            store.put('b', { startMs: 1, endMs: 2 }, 1)
            store.put('b', { startMs: 1, endMs: 2 }, null)
          } else {
            store.put('a', 1)
            store.put('b', 2)
            store.delete('b')
          }
        }
        first.run(fill, 50)
        first.commit()
        const expected = first.run((store) => [...store.all()])
        assert.equal(expected.length, 1)
        const moved = new StoreHarness(renamed(builder), setup.provider, cacheMaxBytes)
        opened.push(moved as StoreHarness<unknown>)
        moved.restore(first.logged)
        assert.deepEqual(
          moved.run((store) => [...store.all()]),
          expected,
          builder.name,
        )
      }
    })

    test(`what was committed is ${survivesClosing ? 'found' : 'not there'} when the task opens the store again`, () => {
      const first = open(plain)
      first.run((store) => store.put('a', 1))
      first.commit()
      first.task.close()
      opened.splice(0)
      const second = open(plain)
      assert.equal(second.task.changelogs()[0]?.checkpoint, survivesClosing ? first.logged.length : undefined)
      assert.equal(
        second.run((store) => store.get('a')),
        survivesClosing ? 1 : undefined,
      )
    })

    test('values that are bytes are not changed by what the store does later', () => {
      const harness = open(keyValueStore<string, Uint8Array>({ name: 'bytes', value: serdes.bytes, ...kept }))
      harness.run((store) => store.put('a', Buffer.from('one')))
      harness.commit()
      harness.run((store) => {
        const one = store.get('a')!
        store.put('a', Buffer.from('two'))
        store.put('b', Buffer.from('three'))
        assert.equal(Buffer.from(one).toString(), 'one')
      })
    })

    /** The same store under another name, so that both can be open. */
    function renamed(builder: StoreBuilder<AnyStore>): StoreBuilder<AnyStore> {
      const common = { ...kept, name: `${builder.name}-moved` }
      if (builder === windows) return windowStore<string, number>({ ...common, sizeMs: 10, retentionMs: 100 })
      if (builder === sessions) return sessionStore<string, number>({ ...common, retentionMs: 100 })
      if (builder === headed) return keyValueStoreWithHeaders<string, number>(common)
      return builder === timed
        ? timestampedKeyValueStore<string, number>(common)
        : keyValueStore<string, number>(common)
    }
  })
}

// biome-ignore lint/suspicious/noExplicitAny: stores of all kinds side by side
type AnyStore = any

function bound<S>(harness: StoreHarness<S>): { run: StoreHarness<S>['run'] } {
  return { run: (job, timestamp) => harness.run(job, timestamp) }
}
