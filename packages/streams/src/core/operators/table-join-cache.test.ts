import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import { topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

const left = topic('left', { key: serdes.string, value: serdes.json<number>() })
const right = topic('right', { key: serdes.string, value: serdes.json<number>() })
const joined = topic('joined', { key: serdes.string, value: serdes.json<readonly [number | null, number | null]>() })
const byNumber = topic('by-number', {
  key: serdes.string,
  value: serdes.json<readonly [number | null, number | null]>(),
})

test('every result of joined tables stands under its own key, however little the caches hold', () => {
  const app = topology('joined-tables')
  app
    .table(left, { store: 'left' })
    .outerJoin(app.table(right, { store: 'right' }), (a, b): readonly [number | null, number | null] => [a, b], {
      store: 'joined',
    })
    .to(joined)
  using driver = testDriver(app, { cacheMaxBytes: 1_500 })
  const random = seededRandom(7)
  const rows = { left: new Map<string, number>(), right: new Map<string, number>() }
  for (let i = 0; i < 500; i++) {
    const side = random.next() < 0.5 ? left : right
    const key = `k${Math.floor(random.next() * 12)}`
    driver.input(side).pipe(key, i, { timestamp: i })
    rows[side.name as 'left' | 'right'].set(key, i)
    if (random.next() < 0.1) driver.commit()
  }
  driver.commit()
  const last = new Map(driver.output(joined).readAll())
  for (const key of new Set([...rows.left.keys(), ...rows.right.keys()])) {
    assert.deepEqual(last.get(key), [rows.left.get(key) ?? null, rows.right.get(key) ?? null], key)
  }
})

test('a row that came and went between two commits takes back what others have joined with it', () => {
  const app = topology('shown-rows')
  const numbers = app.table(left, { store: 'left', cache: false })
  const others = app.table(right, { store: 'right' })
  const pair = (a: number, b: number | null): readonly [number | null, number | null] => [a, b]
  numbers.join(others, pair, { store: 'joined', cache: false }).to(joined)
  numbers.leftJoin(others, pair, { foreignKey: (n) => `k${n}`, store: 'by-number', cache: false }).to(byNumber)
  using driver = testDriver(app, { cacheMaxBytes: 100_000 })
  driver.input(right).pipe('k1', 10, { timestamp: 0 })
  driver.input(left).pipe('k1', 1, { timestamp: 1 })
  driver.input(right).pipe('k1', null, { timestamp: 2 })
  driver.commit()
  assert.deepEqual(driver.output(joined).readAll(), [
    ['k1', [1, 10]],
    ['k1', null],
  ])
  assert.deepEqual(driver.output(byNumber).readAll(), [
    ['k1', [1, 10]],
    ['k1', [1, null]],
  ])
})
