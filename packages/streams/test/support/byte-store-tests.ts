import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ByteStore, ByteStoreOptions } from '@millrace/streams/internal'
import fc from 'fast-check'

export interface ByteStoreFactory {
  readonly name: string
  /** The same store again for the same name, after `restart` too. */
  open(options: Pick<ByteStoreOptions, 'store' | 'kind' | 'retentionMs'>): ByteStore
  /** Closes everything and opens it again, as another process would. */
  restart(): Promise<void>
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const texts = (entries: Iterable<readonly [Uint8Array, Uint8Array]>): string[][] =>
  [...entries].map((entry) => entry.map((part) => Buffer.from(part).toString('latin1')))

function windowKey(key: string, startMs: number): Buffer {
  const suffix = Buffer.alloc(12)
  suffix.writeBigInt64BE(BigInt(startMs))
  return Buffer.concat([bytes(key), suffix])
}

/** What every implementation of `ByteStore` has to do; see its comment. */
export function registerByteStoreTests(factory: ByteStoreFactory): void {
  const keyValue = (store: string): ByteStore => factory.open({ store, kind: 'keyValue' })
  const hour = 3_600_000

  test(`${factory.name}: what was applied is read back, what was deleted is gone`, () => {
    const store = keyValue('basic')
    store.apply(
      [
        { key: bytes('a'), value: bytes('1') },
        { key: bytes(''), value: bytes('empty key') },
        { key: bytes('b'), value: bytes('') },
      ],
      1,
    )
    assert.deepEqual(texts(store.range({})), [
      ['', 'empty key'],
      ['a', '1'],
      ['b', ''],
    ])
    store.apply([{ key: bytes('a'), value: undefined }], 2)
    assert.equal(store.get(bytes('a')), undefined)
    assert.equal(store.get(bytes('b'))?.length, 0)
  })

  test(`${factory.name}: writes are applied in their order, and their bytes are copied`, () => {
    const store = keyValue('order')
    const scratch = Buffer.alloc(1)
    const reused = function* (): Generator<{ key: Uint8Array; value: Uint8Array }> {
      for (const text of ['1', '2', '3']) {
        scratch.write(text, 'latin1')
        yield { key: scratch, value: scratch }
      }
    }
    store.apply(reused(), undefined)
    assert.deepEqual(texts(store.range({})), [
      ['1', '1'],
      ['2', '2'],
      ['3', '3'],
    ])
    store.apply(
      [
        { key: bytes('1'), value: bytes('x') },
        { key: bytes('1'), value: undefined },
        { key: bytes('1'), value: bytes('y') },
      ],
      undefined,
    )
    assert.deepEqual(texts(store.range({ to: bytes('2') })), [['1', 'y']])
  })

  test(`${factory.name}: an apply that throws half way leaves neither writes nor checkpoint`, () => {
    const store = keyValue('atomic')
    store.apply([{ key: bytes('a'), value: bytes('1') }], 5)
    const failing = function* (): Generator<{ key: Uint8Array; value: Uint8Array }> {
      yield { key: bytes('a'), value: bytes('2') }
      throw new Error('half way')
    }
    assert.throws(() => store.apply(failing(), 6), /half way/)
    assert.deepEqual(texts(store.range({})), [['a', '1']])
    assert.equal(store.checkpoint(), 5)
  })

  test(`${factory.name}: contents and checkpoints outlive a restart`, async () => {
    assert.equal(keyValue('restart').checkpoint(), undefined)
    keyValue('restart').apply([{ key: bytes('a'), value: bytes('1') }], 7)
    keyValue('restart').apply([{ key: bytes('b'), value: bytes('2') }], undefined)
    await factory.restart()
    assert.equal(keyValue('restart').checkpoint(), 7)
    assert.equal(texts(keyValue('restart').range({})).length, 2)
  })

  test(`${factory.name}: ranges answer like a sorted list`, () => {
    const key = fc.uint8Array({ maxLength: 3 }).map((array) => Buffer.from(array))
    let round = 0
    fc.assert(
      fc.property(fc.array(key), fc.option(key), fc.option(key), fc.boolean(), (keys, from, to, reverse) => {
        const store = keyValue(`range-${round++ % 5}`)
        const before = [...store.range({})].map(([old]) => ({ key: Buffer.from(old), value: undefined }))
        store.apply([...before, ...keys.map((one) => ({ key: one, value: one }))], undefined)
        const expected = [...new Map(keys.map((one) => [one.toString('hex'), one])).values()]
          .filter((one) => (!from || Buffer.compare(one, from) >= 0) && (!to || Buffer.compare(one, to) < 0))
          .sort((a, b) => Buffer.compare(a, b) * (reverse ? -1 : 1))
        const found = store.range({ from: from ?? undefined, to: to ?? undefined, reverse })
        assert.deepEqual(
          [...found].map(([one]) => Buffer.from(one).toString('hex')),
          expected.map((one) => one.toString('hex')),
        )
      }),
      { numRuns: 100 },
    )
  })

  test(`${factory.name}: windows are ranged over by key across all times`, () => {
    const store = factory.open({ store: 'windows', kind: 'window', retentionMs: 10 * hour })
    const starts = [0, hour, 5 * hour, 9 * hour]
    store.apply(
      ['a', 'b'].flatMap((key) => starts.map((start) => ({ key: windowKey(key, start), value: bytes(`${start}`) }))),
      3,
    )
    assert.deepEqual(
      [...store.range({ from: windowKey('a', 0), to: windowKey('a', 20 * hour) })].map(([, value]) =>
        Number(bytesText(value)),
      ),
      starts,
    )
    assert.equal([...store.range({ reverse: true })].length, 8)
    assert.equal(bytesText(store.get(windowKey('b', hour))), String(hour))
    assert.equal(store.checkpoint(), 3)
  })

  test(`${factory.name}: windows far behind the retention are forgotten, those within it are kept`, async () => {
    const options = { store: 'expiry', kind: 'window', retentionMs: 4 * hour } as const
    for (let i = 0; i < 40; i++) {
      factory.open(options).apply([{ key: windowKey('k', i * hour), value: bytes(`${i}`) }], i + 1)
      if (i === 20) await factory.restart()
    }
    const left = [...factory.open(options).range({})].map(([, value]) => Number(bytesText(value)))
    for (let i = 36; i < 40; i++) assert.ok(left.includes(i), `window ${i} is within the retention`)
    assert.ok(left.length <= 12, `${left.length} windows are left`)
    assert.ok(!left.includes(20))
  })
}

function bytesText(value: Uint8Array | undefined): string | undefined {
  return value && Buffer.from(value).toString('latin1')
}
