import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type TestDriver, testDriver } from '@millrace/streams/testing'
import { z } from 'zod'
import { type IntegrityOptions, integrity, type Violation } from '../src/index.ts'

const customer = topic('customer', { key: z.string(), value: z.object({ name: z.string(), tax: z.int().optional() }) })
const order = topic('order', {
  key: z.string(),
  value: z.object({ customerId: z.string().nullable(), status: z.string() }),
})
const topics = { orders: order, customers: customer }
type Options = IntegrityOptions<typeof topics, 'orders.customerId'>

const graceMs = 1_000
const auditIntervalMs = 10_000

function watching(more: Partial<Options> = {}) {
  const declared = integrity({
    topics,
    from: 'orders.customerId',
    to: 'customers.key',
    onDelete: 'cascade',
    where: (o) => o.status === 'placed',
    graceMs,
    auditIntervalMs,
    ...more,
  })
  const driver = testDriver(declared.topology)
  const { violations, audits } = declared
  return {
    driver,
    declared,
    places: (id: string, customerId: string | null, status = 'placed') =>
      driver.input(order).pipe(id, { customerId, status }),
    /** What was told since the last time. */
    told: () =>
      driver
        .output(violations)
        .readAll()
        .map(([{ child, parent }, told]) => [child, parent, short(told)]),
    audits: () =>
      driver
        .output(audits)
        .readAll()
        .map(([, report]) => [report?.references, report?.violations]),
    [Symbol.dispose]: () => driver.close(),
  }
}

const short = (told: Violation | null): string => (told ? `${told.action} ${told.reason} ${told.audits}` : 'healed')
const customers = (driver: TestDriver) => driver.input(customer)

describe('what is deleted', () => {
  test('is told to each record that refers to it, at once, and no other', () => {
    using shop = watching()
    for (const id of ['ann', 'annette', 'bob']) customers(shop.driver).pipe(id, { name: id })
    shop.places('o1', 'ann')
    shop.places('o2', 'ann')
    shop.places('o3', 'annette')
    shop.places('o4', 'bob')
    shop.places('o5', 'ann', 'cancelled')
    shop.places('o6', null)
    assert.deepEqual(shop.told(), [])
    customers(shop.driver).pipe('ann', null)
    assert.deepEqual(shop.told(), [
      ['o1', 'ann', 'cascade deleted 0'],
      ['o2', 'ann', 'cascade deleted 0'],
    ])
  })

  test('is told of records that come after the deletion too', () => {
    using shop = watching()
    customers(shop.driver).pipe('ann', { name: 'a' })
    customers(shop.driver).pipe('ann', null)
    shop.places('late', 'ann')
    assert.deepEqual(shop.told(), [['late', 'ann', 'cascade deleted 0']])
  })

  test('is healed when the record goes, refers to something else or to nothing, or when what it refers to comes back', () => {
    using shop = watching()
    for (const id of ['ann', 'bob']) customers(shop.driver).pipe(id, { name: id })
    for (const id of ['gone', 'moved', 'cancelled', 'none', 'kept']) shop.places(id, 'ann')
    customers(shop.driver).pipe('ann', null)
    assert.equal(shop.told().length, 5)
    shop.driver.input(order).pipe('gone', null)
    shop.places('moved', 'bob')
    shop.places('cancelled', 'ann', 'cancelled')
    shop.places('none', null)
    assert.deepEqual(
      shop.told(),
      ['gone', 'moved', 'cancelled', 'none'].map((id) => [id, 'ann', 'healed']),
    )
    customers(shop.driver).pipe('ann', { name: 'again' })
    assert.deepEqual(shop.told(), [['kept', 'ann', 'healed']])
  })

  test('is asked for again by every audit until it is done', () => {
    using shop = watching()
    customers(shop.driver).pipe('ann', { name: 'a' })
    shop.places('o1', 'ann')
    customers(shop.driver).pipe('ann', null)
    shop.told()
    shop.driver.advanceTime(auditIntervalMs)
    shop.driver.advanceTime(auditIntervalMs)
    assert.deepEqual(shop.told(), [
      ['o1', 'ann', 'cascade deleted 1'],
      ['o1', 'ann', 'cascade deleted 2'],
    ])
    shop.places('o1', 'ann', 'cancelled')
    shop.told()
    shop.driver.advanceTime(auditIntervalMs)
    assert.deepEqual(shop.told(), [])
  })

  test('a report stands until it is healed, and is not repeated', () => {
    using shop = watching({ onDelete: 'report' })
    customers(shop.driver).pipe('ann', { name: 'a' })
    shop.places('o1', 'ann')
    customers(shop.driver).pipe('ann', null)
    shop.driver.advanceTime(3 * auditIntervalMs)
    assert.deepEqual(shop.told(), [['o1', 'ann', 'report deleted 0']])
  })

  test('restrict asks for what was deleted to come back', () => {
    using shop = watching({ onDelete: 'restrict' })
    customers(shop.driver).pipe('ann', { name: 'a' })
    shop.places('o1', 'ann')
    customers(shop.driver).pipe('ann', null)
    assert.deepEqual(shop.told(), [['o1', 'ann', 'restrict deleted 0']])
    customers(shop.driver).pipe('ann', { name: 'a' })
    assert.deepEqual(shop.told(), [['o1', 'ann', 'healed']])
  })

  test('without an owner behind the topic the tombstones are written there, and heal', () => {
    using shop = watching({ repair: 'topic' })
    customers(shop.driver).pipe('ann', { name: 'a' })
    shop.places('o1', 'ann')
    customers(shop.driver).pipe('ann', null)
    assert.deepEqual(shop.told(), [
      ['o1', 'ann', 'cascade deleted 0'],
      ['o1', 'ann', 'healed'],
    ])
    assert.deepEqual(shop.driver.output(order).readAll(), [['o1', null]])
  })
})

describe('what nobody has seen', () => {
  test('is found by the next audit, not before there was time for it to come, and only reported', () => {
    using shop = watching()
    shop.places('o1', 'nobody')
    shop.driver.advanceTime(graceMs / 2)
    assert.deepEqual(shop.told(), [])
    shop.driver.advanceTime(auditIntervalMs)
    assert.deepEqual(shop.told(), [['o1', 'nobody', 'report missing 1']])
    shop.driver.advanceTime(auditIntervalMs)
    assert.deepEqual(shop.told(), [])
    customers(shop.driver).pipe('nobody', { name: 'late' })
    assert.deepEqual(shop.told(), [['o1', 'nobody', 'healed']])
  })

  test('is repaired where that was said', () => {
    using shop = watching({ onMissing: 'repair' })
    shop.places('o1', 'nobody')
    shop.driver.advanceTime(auditIntervalMs + graceMs)
    assert.deepEqual(shop.told(), [['o1', 'nobody', 'cascade missing 1']])
  })

  test('is waited for while the topic of what is referred to is read anew', () => {
    using shop = watching({ onMissing: 'repair' })
    shop.driver.advanceTime(100 * auditIntervalMs)
    shop.places('o1', 'late')
    for (let i = 0; i < 30; i++) {
      customers(shop.driver).pipe(`old ${i}`, { name: 'x' }, { timestamp: 1 })
      shop.driver.advanceTime(graceMs / 2)
    }
    customers(shop.driver).pipe('late', { name: 'x' }, { timestamp: 2 })
    shop.driver.advanceTime(2 * auditIntervalMs)
    assert.deepEqual(shop.told(), [])
  })
})

test('a planted divergence is found within one audit interval, whenever it is planted', () => {
  using shop = watching({ onMissing: 'repair' })
  const stepMs = 250
  for (let n = 0; n < 60; n++) {
    shop.places(`o${n}`, 'nobody')
    let waitedMs = 0
    for (; !shop.told().some(([child]) => child === `o${n}`); waitedMs += stepMs) shop.driver.advanceTime(stepMs)
    assert.ok(waitedMs >= graceMs && waitedMs <= auditIntervalMs, `o${n} was found after ${waitedMs} ms`)
    shop.driver.input(order).pipe(`o${n}`, null)
    // The next one comes at another moment between two audits.
    shop.driver.advanceTime(((n * 7) % 40) * stepMs)
  }
})

test('an audit of many references is over before the next one is due', () => {
  const everyMs = 400
  using shop = watching({ onDelete: 'report', auditIntervalMs: everyMs })
  for (let i = 0; i < 9_000; i++) shop.places(`o${i}`, 'ann')
  customers(shop.driver).pipe('ann', { name: 'a' })
  const startsMs: number[] = []
  for (let i = 0; i < 40; i++) {
    shop.driver.advanceTime(everyMs / 4)
    const reports = shop.driver.output(shop.declared.audits).readAll()
    startsMs.push(...reports.flatMap(([, report]) => (report?.references === 9_000 ? report.startedMs : [])))
  }
  const gapsMs = startsMs.slice(1).map((startedMs, i) => startedMs - startsMs[i]!)
  assert.ok(gapsMs.length > 5)
  assert.deepEqual([...new Set(gapsMs.slice(1))], [everyMs])
})

test('an audit looks at every reference and reports what it found, also over several steps', () => {
  using shop = watching({ onDelete: 'report' })
  shop.driver.advanceTime(2_500)
  shop.driver.output(shop.declared.audits).readAll()
  customers(shop.driver).pipe('ann', { name: 'a' })
  for (let i = 0; i < 11_000; i++) shop.places(`o${i}`, i % 1_000 === 0 ? 'nobody' : 'ann')
  shop.driver.advanceTime(graceMs)
  shop.driver.advanceTime(auditIntervalMs)
  for (let i = 0; i < 4; i++) shop.driver.advanceTime(2_500)
  assert.deepEqual(shop.audits().at(-1), [11_000, 11])
  assert.equal(shop.told().length, 11)
})

test('a field can be referred to, and values of other types are the same by their text', () => {
  const bill = topic('bill', { key: serdes.string, value: serdes.json<{ tax: string }>() })
  const declared = integrity({
    topics: { bills: bill, customers: customer },
    from: 'bills.tax',
    to: 'customers.tax',
    onDelete: 'report',
    graceMs,
    auditIntervalMs,
  })
  using driver = testDriver(declared.topology)
  driver.input(customer).pipe('ann', { name: 'a', tax: 7 })
  driver.input(bill).pipe('b1', { tax: '7' })
  driver.advanceTime(2 * auditIntervalMs)
  assert.deepEqual(driver.output(declared.violations).readAll(), [])
  driver.input(customer).pipe('ann', { name: 'a', tax: 8 })
  assert.deepEqual(driver.output(declared.violations).readAll(), [])
  driver.advanceTime(graceMs + 250)
  const [[key, violation] = []] = driver.output(declared.violations).readAll()
  assert.deepEqual([key, violation?.reason], [{ child: 'b1', parent: '7' }, 'deleted'])
})

test('a topic may refer to itself', () => {
  const employee = topic('employee', { key: z.string(), value: z.object({ boss: z.string().nullable() }) })
  const declared = integrity({ topics: { e: employee }, from: 'e.boss', to: 'e.key', onDelete: 'report' })
  using driver = testDriver(declared.topology)
  driver.input(employee).pipe('ann', { boss: null })
  driver.input(employee).pipe('bob', { boss: 'ann' })
  driver.input(employee).pipe('ann', null)
  assert.deepEqual(
    driver
      .output(declared.violations)
      .readAll()
      .map(([key]) => key),
    [{ child: 'bob', parent: 'ann' }],
  )
})

test('deleted records are forgotten in the end', () => {
  using shop = watching({ deletedRetentionMs: 5_000 })
  customers(shop.driver).pipe('ann', { name: 'a' })
  customers(shop.driver).pipe('ann', null)
  assert.ok(shop.driver.store('parents').get('ann'))
  shop.driver.advanceTime(3 * auditIntervalMs)
  assert.equal(shop.driver.store('parents').get('ann'), undefined)
})

test('what cannot be is refused when it is declared', () => {
  const declare = (more: object) => () =>
    integrity({ topics, from: 'orders.customerId', to: 'customers.key', onDelete: 'report', ...more })
  assert.throws(
    declare({ from: 'order.customerId' }),
    /`from` is "order.customerId", which is no <topic>.<field> of orders, customers/,
  )
  assert.throws(declare({ to: 'customers' }), { code: 'CONFIG_INVALID_OPTION' })
  assert.throws(declare({ onDelete: 'set-null' }), { code: 'CONFIG_INVALID_OPTION' })
  assert.throws(declare({ onDeleted: 'report' }), { code: 'CONFIG_UNKNOWN_OPTION' })
})
