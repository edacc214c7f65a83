import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { topology } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'

interface Order {
  readonly customer: string | null
  readonly item: string
}
const orders = topic('orders', { key: serdes.string, value: serdes.json<Order>() })
const customers = topic('customers', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function program(kind: 'join' | 'leftJoin') {
  return () => {
    const app = topology('fk')
    const table = app.table(orders)
    const options = { foreignKey: (o: Order) => o.customer, store: 'result' }
    const text = (o: Order, c: string | null, key: string): string => `${key}: ${o.item} for ${c}`
    const joined =
      kind === 'join'
        ? table.join(app.table(customers), text, options)
        : table.leftJoin(app.table(customers), text, options)
    joined.to(out)
    return app
  }
}

function order(driver: TestDriver, key: string, customer: string | null | undefined, item = 'tea'): unknown[] {
  driver.input(orders).pipe(key, customer === undefined ? null : { customer, item })
  return driver.output(out).readAll()
}

function customer(driver: TestDriver, key: string, name: string | null): unknown[] {
  driver.input(customers).pipe(key, name)
  return driver.output(out).readAll()
}

test('a row meets the one it points at, whichever comes first, and follows the changes of both', () => {
  using driver = testDriver(program('join'))
  assert.deepEqual(order(driver, 'o1', 'alice'), [])
  assert.deepEqual(customer(driver, 'alice', 'Alice'), [['o1', 'o1: tea for Alice']])
  assert.deepEqual(order(driver, 'o2', 'alice', 'cake'), [['o2', 'o2: cake for Alice']])
  assert.deepEqual(customer(driver, 'alice', 'Alicia'), [
    ['o1', 'o1: tea for Alicia'],
    ['o2', 'o2: cake for Alicia'],
  ])
  assert.deepEqual(order(driver, 'o1', 'alice', 'coffee'), [['o1', 'o1: coffee for Alicia']])
  assert.equal(driver.store('result').get('o1')?.value, 'o1: coffee for Alicia')
})

test('a row that points elsewhere, or nowhere, takes back what it made', () => {
  using driver = testDriver(program('join'))
  customer(driver, 'alice', 'Alice')
  customer(driver, 'bob', 'Bob')
  order(driver, 'o1', 'alice')
  assert.deepEqual(order(driver, 'o1', 'bob'), [['o1', 'o1: tea for Bob']])
  assert.deepEqual(customer(driver, 'alice', 'Alicia'), [], 'it no longer points there')
  assert.deepEqual(order(driver, 'o1', 'nobody'), [['o1', null]])
  assert.deepEqual(order(driver, 'o1', 'bob'), [['o1', 'o1: tea for Bob']])
  assert.deepEqual(order(driver, 'o1', null), [['o1', null]])
  assert.deepEqual(driver.dropped(), { 'null-foreign-key': 1 })
  assert.deepEqual(order(driver, 'o1', 'bob'), [['o1', 'o1: tea for Bob']])
  assert.deepEqual(customer(driver, 'bob', null), [['o1', null]])
  assert.deepEqual(order(driver, 'o1', undefined), [['o1', null]])
  assert.deepEqual(customer(driver, 'bob', 'Bob'), [])
})

test('a left join has null for rows that point nowhere or at nothing', () => {
  using driver = testDriver(program('leftJoin'))
  assert.deepEqual(order(driver, 'o1', null), [['o1', 'o1: tea for null']])
  assert.deepEqual(order(driver, 'o1', 'alice'), [['o1', 'o1: tea for null']])
  assert.deepEqual(customer(driver, 'alice', 'Alice'), [['o1', 'o1: tea for Alice']])
  assert.deepEqual(customer(driver, 'alice', null), [['o1', 'o1: tea for null']])
  assert.deepEqual(order(driver, 'o1', undefined), [['o1', null]])
})

test('rows that share a prefix of keys are told apart', () => {
  using driver = testDriver(program('join'))
  order(driver, 'o1', 'a')
  order(driver, 'o2', 'ab')
  order(driver, 'o3', '')
  assert.deepEqual(customer(driver, 'a', 'A'), [['o1', 'o1: tea for A']])
  assert.deepEqual(customer(driver, '', 'none'), [['o3', 'o3: tea for none']])
})

test('internal topics are partitioned like the side that reads them', () => {
  const plan = runnable(program('join')()).plan()
  assert.deepEqual(
    plan.internalTopics.filter(({ kind }) => kind === 'repartition').map(({ name }) => name),
    [
      'fk-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic',
      'fk-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic',
    ],
  )
  assert.deepEqual(
    plan.subtopologies.map(({ repartitionTopics, copartitionGroups }) => [repartitionTopics, copartitionGroups]),
    [
      [
        ['fk-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic'],
        [['orders', 'fk-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic']],
      ],
      [
        ['fk-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic'],
        [['customers', 'fk-KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic']],
      ],
    ],
  )
})
