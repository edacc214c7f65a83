import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import { topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

const left = topic('left', { key: serdes.string, value: serdes.json<number>() })
const right = topic('right', { key: serdes.string, value: serdes.json<number>() })
const joined = topic('joined', { key: serdes.string, value: serdes.json<readonly [number | null, number | null]>() })

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
