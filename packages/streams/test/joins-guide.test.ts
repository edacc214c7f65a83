import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { joinWindows, topology } from '../src/index.ts'
import { testDriver } from '../src/testing.ts'

// The programs of docs/guides/joins.md: the last test finds each of them in this file.
interface Order {
  readonly customerId: string
  readonly country: string
}
const minute = 60_000
const order = topic('order', { key: serdes.string, value: serdes.json<Order>() })
const customer = topic('customer', { key: serdes.string, value: serdes.json<{ name: string }>() })
const price = topic('price', { key: serdes.string, value: serdes.json<number>() })
const rate = topic('rate', { key: serdes.string, value: serdes.json<number>() })
const payment = topic('payment', { key: serdes.string, value: serdes.json<number>() })
const out = topic('out', { key: serdes.string, value: serdes.json<Record<string, unknown>>() })

const tea: Order = { customerId: 'ann', country: 'AT' }

test('a record of a stream finds the row as it is, and changes of the table make no result', () => {
  const app = topology('guide')
  const named = app
    .stream(order)
    .leftJoin(app.table(customer, { store: 'customers' }), (o, c) => ({ ...o, name: c?.name ?? 'unknown' }), {
      name: 'named',
    })
  named.to(out)
  using driver = testDriver(app)
  driver.input(customer).pipe('bob', { name: 'Bob' }, { timestamp: 1_000 })
  driver.input(order).pipe('ann', tea, { timestamp: 2_000 })
  driver.input(customer).pipe('ann', { name: 'Ann' }, { timestamp: 3_000 })
  driver.input(order).pipe('ann', tea, { timestamp: 4_000 })
  assert.deepEqual(
    driver
      .output(out)
      .readAll()
      .map(([, value]) => value?.name),
    ['unknown', 'Ann'],
  )
  const [miss] = driver.joinMisses()
  assert.deepEqual(
    [miss?.node, miss?.reason, miss?.topic, miss?.offset, miss?.timestamp, miss?.tableTimeMs],
    ['named', 'not-loaded', 'order', 0, 2_000, 1_000],
  )
})

test('a patient join waits for rows that are still to come', () => {
  const app = topology('guide')
  const patient = app
    .stream(order)
    .join(app.table(customer), (o, c) => ({ ...o, name: c.name }), { name: 'patient', waitForTable: { maxMs: 60_000 } })
  patient.to(out)
  using driver = testDriver(app)
  driver.input(order).pipe('ann', tea, { timestamp: 10 })
  assert.deepEqual(driver.output(out).readAll(), [])
  driver.input(customer).pipe('ann', { name: 'Ann' }, { timestamp: 10 })
  assert.deepEqual(driver.output(out).readAll(), [['ann', { ...tea, name: 'Ann' }]])
})

test('an order has the price of its time, also where the price comes late', () => {
  const app = topology('guide')
  const priced = app
    .stream(order)
    .join(app.table(price, { store: 'prices', historyRetentionMs: 86_400_000 }), (o, cents) => ({ ...o, cents }), {
      graceMs: 5_000,
    })
  priced.to(out)
  using driver = testDriver(app)
  driver.input(price).pipe('tea', 300, { timestamp: 0 })
  driver.input(price).pipe('tea', 500, { timestamp: 60_000 })
  driver.input(order).pipe('tea', tea, { timestamp: 50_000 })
  driver.input(price).pipe('tea', 400, { timestamp: 40_000 })
  driver.input(order).pipe('tea', tea, { timestamp: 70_000 })
  assert.deepEqual(driver.output(out).readAll(), [['tea', { ...tea, cents: 400 }]])
  assert.equal(driver.versionedStore<string, number>('prices').get('tea', 45_000)?.value, 400)
})

test('an order finds the rate of the country that it names, and keeps its key', () => {
  const app = topology('guide')
  const rated = app
    .stream(order)
    .join(app.globalTable(rate, { store: 'rates' }), (o, r) => ({ ...o, vat: r }), { mapKey: (o) => o.country })
  rated.to(out)
  using driver = testDriver(app)
  driver.input(rate).pipe('AT', 20)
  driver.input(order).pipe('o-1', tea)
  assert.deepEqual(driver.output(out).readAll(), [['o-1', { ...tea, vat: 20 }]])
})

test('an order is paid by a payment within the hour, or known not to be after it', () => {
  const app = topology('guide')
  const paid = app.stream(order).leftJoin(app.stream(payment), (o, p) => ({ ...o, paid: p ?? 0 }), {
    within: joinWindows({ beforeMs: 0, afterMs: 3_600_000, graceMs: 60_000 }),
    name: 'paid',
    store: 'paid',
  })
  paid.to(out)
  using driver = testDriver(app)
  driver.input(order).pipe('o-1', tea, { timestamp: 0 })
  driver.input(order).pipe('o-2', tea, { timestamp: 0 })
  driver.input(payment).pipe('o-1', 500, { timestamp: 59 * minute })
  driver.input(payment).pipe('o-2', 500, { timestamp: 61 * minute })
  assert.deepEqual(driver.output(out).readAll(), [['o-1', { ...tea, paid: 500 }]])
  driver.input(order).pipe('o-3', tea, { timestamp: 62 * minute })
  assert.deepEqual(driver.output(out).readAll(), [['o-2', { ...tea, paid: 0 }]])
})

test('a row follows the row that it points at', () => {
  const app = topology('guide')
  const enriched = app.table(order).join(app.table(customer), (o, c) => ({ ...o, name: c.name }), {
    foreignKey: (o) => o.customerId,
    name: 'with-customer',
    store: 'enriched',
  })
  enriched.to(out)
  using driver = testDriver(app)
  driver.input(order).pipe('o-1', tea)
  driver.input(customer).pipe('ann', { name: 'Ann' })
  driver.input(customer).pipe('ann', { name: 'Anna' })
  driver.input(order).pipe('o-1', null)
  assert.deepEqual(
    driver
      .output(out)
      .readAll()
      .map(([, value]) => value?.name ?? null),
    ['Ann', 'Anna', null],
  )
})

test('the programs of the guide are those of this file', () => {
  const normal = (text: string): string => text.replace(/\s+/g, ' ').trim()
  const guide = readFileSync(new URL('../../../docs/guides/joins.md', import.meta.url), 'utf8')
  const here = normal(readFileSync(new URL(import.meta.url), 'utf8'))
  const blocks = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, block]) => normal(block!))
  assert.equal(blocks.length, 7)
  for (const block of blocks) assert.ok(here.includes(block), block)
})
