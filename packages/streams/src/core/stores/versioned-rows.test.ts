import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'
import type { VersionedRowsQuery } from './views.ts'

const price = topic('price', { key: serdes.string, value: serdes.json<number>() })

function prices() {
  const app = topology('prices')
  app.table(price, { store: 'prices', historyRetentionMs: 1_000 })
  return testDriver(app)
}

test('all rows are read as they were at a time: of each key the version that was valid', () => {
  using driver = prices()
  const input = driver.input(price)
  // Of different lengths, and one the beginning of another.
  for (const key of ['a', 'bb', 'b', 'ccc']) input.pipe(key, key.length, { timestamp: 100 })
  input.pipe('b', 10, { timestamp: 200 })
  input.pipe('b', 15, { timestamp: 150 })
  input.pipe('bb', null, { timestamp: 300 })
  const rows = (query: VersionedRowsQuery<string>): unknown[] => {
    const found = [...driver.versionedStore<string, number>('prices').rows(query)]
    return found.map(({ key, value, timestamp, validTo }) => [key, value, timestamp, validTo]).sort()
  }
  const [a, ccc] = [
    ['a', 1, 100, undefined],
    ['ccc', 3, 100, undefined],
  ]
  assert.deepEqual(rows({}), [a, ['b', 10, 200, undefined], ccc])
  assert.deepEqual(rows({ asOfMs: 199 }), [a, ['b', 15, 150, 200], ['bb', 2, 100, 300], ccc])
  assert.deepEqual(rows({ asOfMs: 99 }), [])
  assert.deepEqual(rows({ from: 'b', to: 'bb', asOfMs: 120 }), [
    ['b', 1, 100, 150],
    ['bb', 2, 100, 300],
  ])
  assert.deepEqual(rows({ prefix: 'b' }), [['b', 10, 200, undefined]])
  assert.deepEqual(rows({ from: 'bb', to: 'bb', asOfMs: 299 }), [['bb', 2, 100, 300]])
  assert.deepEqual(rows({ from: 'bb', to: 'bb' }), [])
  assert.deepEqual(rows({ from: 'b', to: 'b', prefix: 'c' }), [])
})

test('beyond retention only what is valid still is known', () => {
  using driver = prices()
  const input = driver.input(price)
  input.pipe('a', 1, { timestamp: 100 })
  input.pipe('b', 2, { timestamp: 100 })
  input.pipe('a', 3, { timestamp: 2_000 })
  const keys = [...driver.versionedStore<string, number>('prices').rows({ asOfMs: 500 })].map(({ key }) => key)
  assert.deepEqual(keys, ['b'])
})
