import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.string })
const customers = topic('customers', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function inner(): Topology {
  const app = topology('joined')
  app
    .stream(orders)
    .join(app.table(customers), (order, customer) => `${order} of ${customer}`)
    .to(out)
  return app
}

function outer(): Topology {
  const app = topology('joined')
  app
    .stream(orders)
    .leftJoin(app.table(customers), (order, customer) => `${order} of ${customer ?? 'nobody'}`)
    .to(out)
  return app
}

test('a table update alone makes no output, and the row is looked up as it is at that moment', () => {
  using driver = testDriver(inner())
  driver.input(orders).pipe('k', 'early')
  driver.input(customers).pipe('k', 'alice')
  driver.input(orders).pipe('k', 'first')
  driver.input(customers).pipe('k', 'bob')
  driver.input(orders).pipe('k', 'second')
  driver.input(customers).pipe('k', null)
  driver.input(orders).pipe('k', 'third')
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', 'first of alice'],
    ['k', 'second of bob'],
  ])
})

test('a left join has null for a row that is not there', () => {
  using driver = testDriver(outer())
  driver.input(orders).pipe('k', 'early')
  driver.input(customers).pipe('k', 'alice')
  driver.input(orders).pipe('k', 'late')
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', 'early of nobody'],
    ['k', 'late of alice'],
  ])
})

test('the result has the time and headers of the stream record, whatever the time of the row', () => {
  using driver = testDriver(inner())
  driver.input(customers).pipe('k', 'alice', { timestamp: 100, headers: { from: 'table' } })
  driver.input(orders).pipe('k', 'first', { timestamp: 50, headers: { from: 'stream' } })
  assert.deepEqual(driver.output(out).readRecords(), [
    { key: 'k', value: 'first of alice', timestamp: 50, headers: { from: 'stream' } },
  ])
})

test('null keys match nothing: dropped by an inner join, kept by a left join; null values are dropped by both', () => {
  using innerDriver = testDriver(inner())
  using outerDriver = testDriver(outer())
  for (const driver of [innerDriver, outerDriver]) {
    driver.input(orders).pipe(null, 'keyless')
    driver.input(orders).pipe('k', null)
  }
  assert.deepEqual(innerDriver.output(out).readAll(), [])
  assert.deepEqual(innerDriver.dropped(), { 'null-key': 1, 'null-value': 1 })
  assert.deepEqual(outerDriver.output(out).readAll(), [[null, 'keyless of nobody']])
  assert.deepEqual(outerDriver.dropped(), { 'null-value': 1 })
})

test('a stream whose key was changed goes through a repartition topic first', () => {
  using driver = testDriver(() => {
    const app = topology('joined')
    app
      .stream(orders)
      .selectKey((order) => order.slice(0, 1))
      .join(app.table(customers), (order, customer) => `${order} of ${customer}`, { name: 'with-customer' })
      .to(out)
    return app
  })
  assert.match(driver.describe(), /topics: \[with-customer-repartition\]/)
  driver.input(customers).pipe('a', 'alice')
  driver.input(orders).pipe('k', 'apple')
  assert.deepEqual(driver.output(out).readAll(), [['a', 'apple of alice']])
})

test('a row held back in the cache is found', () => {
  using driver = testDriver(inner(), { cacheMaxBytes: 1_000_000 })
  driver.input(customers).pipe('k', 'alice')
  driver.input(orders).pipe('k', 'first')
  assert.deepEqual(driver.output(out).readAll(), [['k', 'first of alice']])
})

test('an aggregated table can be joined', () => {
  using driver = testDriver(() => {
    const app = topology('joined')
    const counts = app.stream(customers).groupByKey().count()
    app
      .stream(orders)
      .join(counts, (order, count) => `${order}: ${count}`)
      .to(out)
    return app
  })
  driver.input(customers).pipe('k', 'x')
  driver.input(customers).pipe('k', 'y')
  driver.input(orders).pipe('k', 'order')
  assert.deepEqual(driver.output(out).readAll(), [['k', 'order: 2']])
})
