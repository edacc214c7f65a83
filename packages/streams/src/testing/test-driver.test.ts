import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology } from '../index.ts'
import { testDriver } from '../testing.ts'

interface Order {
  customerId: string
  amount: number
}
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const customer = topic('customer', { key: serdes.string, value: serdes.json<{ country: string }>() })
const spend = topic('spend', { key: serdes.string, value: serdes.json<{ country: string; total: number }>() })
const seen = topic('seen', { key: serdes.string, value: serdes.json<{ at: string | Date }>() })

function spending(): Topology {
  const app = topology('spend')
  app
    .stream(order)
    .groupBy((o) => o.customerId, { name: 'by-customer' })
    .reduce((total, o) => total + o.amount, { initial: 0, store: 'totals' })
    .join(app.table(customer), (total, c) => ({ country: c.country, total }), { store: 'spend' })
    .to(spend)
  return app
}

test('runs a whole topology, record by record', () => {
  using driver = testDriver(spending)
  driver.input(order).pipe('o-1', { customerId: 'alice', amount: 10 })
  assert.deepEqual(driver.output(spend).readAll(), [])
  driver.input(customer).pipe('alice', { country: 'AT' })
  driver.input(order).pipe('o-2', { customerId: 'alice', amount: 5 })
  driver.input(customer).pipe('alice', { country: 'DE' })
  assert.deepEqual(driver.output(spend).readAll(), [
    ['alice', { country: 'AT', total: 10 }],
    ['alice', { country: 'AT', total: 15 }],
    ['alice', { country: 'DE', total: 15 }],
  ])
  assert.deepEqual(driver.store('spend').get('alice')?.value, { country: 'DE', total: 15 })
})

test('reading an output takes its records away', () => {
  using driver = testDriver(spending)
  driver.input(customer).pipe('alice', { country: 'AT' })
  driver.input(order).pipe('o-1', { customerId: 'alice', amount: 10 })
  assert.equal(driver.output(spend).readRecords().length, 1)
  assert.equal(driver.output(spend).readRecords().length, 0)
})

test('records get the time of the clock, which moves when it is told to', () => {
  using driver = testDriver(spending, { startMs: 1_000 })
  driver.input(customer).pipe('alice', { country: 'AT' })
  driver.advanceTime(500)
  driver.input(order).pipe('o-1', { customerId: 'alice', amount: 10 })
  assert.equal(driver.output(spend).readRecords()[0]?.timestamp, 1_500)
})

test('a value that is changed in place is found', () => {
  using input = testDriver(() => {
    const app = topology('mutating')
    app.stream(order).peek((o) => {
      o.amount = 0
    })
    return app
  })
  assert.throws(() => input.input(order).pipe('o', { customerId: 'a', amount: 1 }), { code: 'STREAMS_VALUE_MUTATED' })
  using aggregate = testDriver(() => {
    const app = topology('mutating')
    app
      .stream(order)
      .groupByKey()
      .reduce(
        (totals, o) => {
          totals.sums.push(o.amount)
          return totals
        },
        { initial: (): { sums: number[] } => ({ sums: [] }), store: 'totals' },
      )
    return app
  })
  aggregate.input(order).pipe('o', { customerId: 'a', amount: 1 })
  assert.throws(() => aggregate.input(order).pipe('o', { customerId: 'a', amount: 1 }), {
    code: 'STREAMS_VALUE_MUTATED',
  })
})

test('a stored value that does not survive being written down is found', () => {
  using driver = testDriver(() => {
    const app = topology('lossy')
    app
      .stream(order)
      .groupByKey()
      .reduce((_last, o) => ({ at: new Date(o.amount) }), { initial: { at: new Date(0) }, store: 'last' })
    return app
  })
  assert.throws(() => driver.input(order).pipe('o', { customerId: 'a', amount: 1 }), { code: 'STREAMS_VALUE_LOSSY' })
})

test('a contract that the topology does not read, or a store it does not have, is a clear error', () => {
  using driver = testDriver(spending)
  assert.throws(() => driver.input(seen), { code: 'STREAMS_TOPOLOGY_INVALID', message: /does not read topic 'seen'/ })
  assert.throws(() => driver.store('sums'), { code: 'STREAMS_STORE_UNKNOWN', message: /only totals, .*spend/ })
  assert.throws(() => driver.windowStore('totals'), { code: 'STREAMS_STORE_UNKNOWN' })
})

test('a driver that is closed takes nothing more', () => {
  const driver = testDriver(spending)
  driver.close()
  driver.close()
  assert.throws(() => driver.input(order).pipe('o', { customerId: 'a', amount: 1 }), /closed/)
})

test('a thousand records take no time worth waiting for', () => {
  const run = (): number => {
    using driver = testDriver(spending)
    driver.input(customer).pipe('c1', { country: 'AT' })
    const input = driver.input(order)
    const before = process.cpuUsage()
    for (let at = 0; at < 1_000; at++) input.pipe(`o-${at}`, { customerId: `c${at % 10}`, amount: at })
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }
  // CPU time, since other tests run beside this one; the best of several, since the first ones run cold.
  const times = Array.from({ length: 6 }, run)
  assert.ok(Math.min(...times) < 50, `took ${times.map(Math.round).join(', ')} ms`)
})

test('a driver opens no socket and starts no timer', () => {
  const before = process.getActiveResourcesInfo()
  using driver = testDriver(spending)
  driver.input(customer).pipe('c1', { country: 'AT' })
  for (let at = 0; at < 100; at++) driver.input(order).pipe(`o-${at}`, { customerId: 'c1', amount: at })
  driver.advanceTime(60_000)
  driver.commit()
  assert.deepEqual(process.getActiveResourcesInfo(), before)
})
