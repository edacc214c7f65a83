import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { topology } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.string })
const customers = topic('customers', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function program(waitForTable?: { maxMs: number }) {
  return () => {
    const app = topology('shop')
    const options = { name: 'with-customer', ...(waitForTable && { waitForTable }) }
    app
      .stream(orders)
      .leftJoin(app.table(customers, { store: 'customers' }), (o, c) => `${o} of ${c}`, options)
      .to(out)
    return app
  }
}

const read = (driver: TestDriver): string[] =>
  driver
    .output(out)
    .readRecords()
    .map(({ value, timestamp }) => `${value} ${timestamp}`)

function misses(driver: TestDriver): Record<string, number> {
  const found = driver.metrics().filter(({ name }) => name === 'millrace_streams_join_misses_total')
  return Object.fromEntries(found.map(({ labels, value }) => [labels.reason, value]))
}

/** The stream is read before the table: what a cold start may do. */
function coldStart(driver: TestDriver): void {
  driver.input(orders).pipe('alice', 'tea', { timestamp: 100 })
  driver.input(orders).pipe('bob', 'cake', { timestamp: 120 })
  driver.input(customers).pipe('alice', 'Alice', { timestamp: 50 })
  driver.input(customers).pipe('bob', 'Bob', { timestamp: 110 })
  driver.input(customers).pipe('carol', 'Carol', { timestamp: 130 })
}

test('without waiting, rows that are still to come are missed, and the misses say why', () => {
  using driver = testDriver(program())
  coldStart(driver)
  assert.deepEqual(read(driver), ['tea of null 100', 'cake of null 120'])
  driver.input(orders).pipe('dave', 'pie', { timestamp: 125 })
  driver.input(orders).pipe(null, 'jam', { timestamp: 125 })
  driver.input(orders).pipe('alice', null, { timestamp: 125 })
  assert.deepEqual(misses(driver), { 'not-loaded': 2, 'no-row': 1, 'null-key': 1, 'null-value': 1 })
})

test('waiting for the table, a cold start makes no false nulls', () => {
  using driver = testDriver(program({ maxMs: 1_000 }))
  coldStart(driver)
  assert.deepEqual(read(driver), ['tea of Alice 100', 'cake of Bob 120'])
  assert.deepEqual(misses(driver), {})
  driver.input(orders).pipe('carol', 'pie', { timestamp: 130 })
  assert.deepEqual(read(driver), ['pie of Carol 130'], 'what the table has reached waits no longer')
})

test('a table that does not move on holds records no longer than they are told to wait', () => {
  using driver = testDriver(program({ maxMs: 50 }))
  driver.input(orders).pipe('alice', 'tea', { timestamp: 100 })
  driver.input(orders).pipe('bob', 'cake', { timestamp: 149 })
  assert.deepEqual(read(driver), [])
  driver.input(orders).pipe('carol', 'pie', { timestamp: 150 })
  assert.deepEqual(read(driver), ['tea of null 100'])
  assert.deepEqual(misses(driver), { 'not-loaded': 1 })
})
