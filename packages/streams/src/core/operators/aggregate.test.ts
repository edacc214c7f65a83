import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type Topology, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

interface Sale {
  shop: string
  amount: number
}
const sales = topic('sales', { key: serdes.string, value: serdes.json<Sale>() })
const totals = topic('totals', { key: serdes.string, value: serdes.json<number>() })
const lists = topic('lists', { key: serdes.string, value: serdes.json<number[]>() })

function perShop(cache?: boolean): Topology {
  const app = topology('shop')
  app
    .stream(sales)
    .groupBy((sale) => sale.shop, { name: 'by-shop' })
    .reduce((total, sale) => total + sale.amount, {
      initial: 0,
      store: 'totals',
      ...(cache === undefined ? {} : { cache }),
    })
    .to(totals)
  return app
}

test('reduce folds the values of a key, one update a record', () => {
  using driver = testDriver(perShop())
  driver.input(sales).pipe('1', { shop: 'a', amount: 5 })
  driver.input(sales).pipe('2', { shop: 'b', amount: 7 })
  driver.input(sales).pipe('3', { shop: 'a', amount: 1 })
  assert.deepEqual(driver.output(totals).readAll(), [
    ['a', 5],
    ['b', 7],
    ['a', 6],
  ])
  assert.deepEqual(driver.store('totals').get('a'), { value: 6, timestamp: 0 })
})

test('reduce without initial begins with the first value', () => {
  using driver = testDriver(() => {
    const app = topology('shop')
    const most = app
      .stream(sales)
      .groupByKey()
      .reduce((best, sale) => (sale.amount > best.amount ? sale : best))
    most.mapValues((sale) => sale.amount).to(totals)
    return app
  })
  driver.input(sales).pipe('a', { shop: 's', amount: 3 })
  driver.input(sales).pipe('a', { shop: 's', amount: 9 })
  driver.input(sales).pipe('a', { shop: 's', amount: 4 })
  assert.deepEqual(driver.output(totals).readAll(), [
    ['a', 3],
    ['a', 9],
    ['a', 9],
  ])
})

test('aggregate makes its initial value anew for every key', () => {
  using driver = testDriver(() => {
    const app = topology('shop')
    app
      .stream(sales)
      .groupByKey()
      .aggregate({ initial: (): number[] => [], store: 'lists' }, (list, sale) => [...list, sale.amount])
      .to(lists)
    return app
  })
  driver.input(sales).pipe('a', { shop: 's', amount: 3 })
  driver.input(sales).pipe('b', { shop: 's', amount: 4 })
  driver.input(sales).pipe('a', { shop: 's', amount: 5 })
  assert.deepEqual(driver.output(lists).readAll(), [
    ['a', [3]],
    ['b', [4]],
    ['a', [3, 5]],
  ])
})

test('count counts records that have a key and a value', () => {
  using driver = testDriver(() => {
    const app = topology('shop')
    app.stream(sales).groupByKey().count({ store: 'counts' }).to(totals)
    return app
  })
  driver.input(sales).pipe('a', { shop: 's', amount: 3 })
  driver.input(sales).pipe('a', null)
  driver.input(sales).pipe(null, { shop: 's', amount: 3 })
  driver.input(sales).pipe('a', { shop: 's', amount: 3 })
  assert.deepEqual(driver.output(totals).readAll(), [
    ['a', 1],
    ['a', 2],
  ])
  assert.deepEqual(driver.dropped(), { 'null-key': 1, 'null-value': 1 })
})

test('an aggregate has the time of its latest record, whichever order they come in', () => {
  using driver = testDriver(perShop())
  for (const timestamp of [10, 30, 20]) driver.input(sales).pipe('1', { shop: 'a', amount: 1 }, { timestamp })
  assert.deepEqual(
    driver
      .output(totals)
      .readRecords()
      .map((record) => record.timestamp),
    [10, 30, 30],
  )
})

test('an update carries the headers of the record that made it', () => {
  using driver = testDriver(perShop(), { cacheMaxBytes: 1_000_000 })
  driver.input(sales).pipe('1', { shop: 'a', amount: 1 }, { headers: { trace: 'first' } })
  driver.input(sales).pipe('1', { shop: 'a', amount: 1 }, { headers: { trace: 'second' } })
  driver.commit()
  assert.deepEqual(driver.output(totals).readRecords(), [
    { key: 'a', value: 2, timestamp: 0, headers: { trace: 'second' } },
  ])
})

test('a null result deletes the aggregate', () => {
  using driver = testDriver(() => {
    const app = topology('shop')
    const table = app
      .stream(sales)
      .groupByKey()
      .reduce((total: number | null, sale) => (sale.amount === 0 ? null : (total ?? 0) + sale.amount), {
        initial: 0 as number | null,
        store: 'totals',
      })
    table.toStream().to(totals)
    return app
  })
  driver.input(sales).pipe('a', { shop: 's', amount: 3 })
  driver.input(sales).pipe('a', { shop: 's', amount: 0 })
  driver.input(sales).pipe('a', { shop: 's', amount: 4 })
  assert.deepEqual(driver.output(totals).readAll(), [
    ['a', 3],
    ['a', null],
    ['a', 4],
  ])
})

test('a key other than text is written by the serde that the step names', () => {
  const byAmount = topic('by-amount', { key: serdes.int32, value: serdes.json<number>() })
  using driver = testDriver(() => {
    const app = topology('shop')
    app
      .stream(sales)
      .groupBy((sale) => sale.amount, { name: 'by-amount', key: serdes.int32 })
      .count({ store: 'n' })
      .to(byAmount)
    return app
  })
  driver.input(sales).pipe('a', { shop: 's', amount: 300 })
  assert.deepEqual(driver.output(byAmount).readAll(), [[300, 1]])
  assert.deepEqual(driver.store('n').get(300), { value: 1, timestamp: 0 })
})

test('a key made by map that is no text fails at the first record, and says what to do', () => {
  using driver = testDriver(() => {
    const app = topology('shop')
    app
      .stream(sales)
      .map((sale) => [sale.amount, 1] as const)
      .groupByKey()
      .count()
    return app
  })
  assert.throws(() => driver.input(sales).pipe('a', { shop: 's', amount: 3 }), { code: 'STREAMS_SERDE_MISSING' })
})

test('the cache lets the last update of a key through, in the order of those updates', () => {
  using driver = testDriver(perShop(), { cacheMaxBytes: 1_000_000 })
  for (const shop of ['a', 'b', 'c', 'a']) driver.input(sales).pipe('1', { shop, amount: 1 })
  assert.deepEqual(driver.output(totals).readAll(), [])
  driver.commit()
  assert.deepEqual(driver.output(totals).readAll(), [
    ['b', 1],
    ['c', 1],
    ['a', 2],
  ])
  driver.commit()
  assert.deepEqual(driver.output(totals).readAll(), [])
})

test('queries of the open transaction see what the cache holds back', () => {
  using driver = testDriver(perShop(), { cacheMaxBytes: 1_000_000 })
  for (const shop of ['b', 'a', 'c']) driver.input(sales).pipe('1', { shop, amount: 1 })
  assert.deepEqual(driver.store('totals').get('a'), { value: 1, timestamp: 0 })
  driver.commit()
  driver.input(sales).pipe('1', { shop: 'b', amount: 1 })
  const rows = [...driver.store('totals').all()]
  assert.deepEqual(
    rows.map(({ key, value }) => [key, value]),
    [
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ],
  )
})

test('a cache that is too small writes everything dirty down when its eldest entry has to go', () => {
  using driver = testDriver(perShop(), { cacheMaxBytes: 1_300 })
  for (const shop of ['a', 'b', 'c', 'd', 'e', 'f']) driver.input(sales).pipe('1', { shop, amount: 1 })
  assert.deepEqual(
    driver
      .output(totals)
      .readAll()
      .map(([shop]) => shop),
    ['a', 'b', 'c', 'd'],
  )
  driver.commit()
  assert.deepEqual(
    driver
      .output(totals)
      .readAll()
      .map(([shop]) => shop),
    ['e', 'f'],
  )
})

test('a step without cache lets every update through', () => {
  using driver = testDriver(perShop(false), { cacheMaxBytes: 1_000_000 })
  for (const amount of [1, 2]) driver.input(sales).pipe('1', { shop: 'a', amount })
  assert.deepEqual(driver.output(totals).readAll(), [
    ['a', 1],
    ['a', 3],
  ])
})
