import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { topology, untilTimeLimit } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'
import { memoryStores } from '../stores/memory-store.ts'

const sales = topic('sales', { key: serdes.string, value: serdes.string })
const prices = topic('prices', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })
const moves = topic('moves', { key: serdes.string, value: serdes.json<number>() })
const answers = topic('answers', { key: serdes.string, value: serdes.json<number | null>() })

interface Settings {
  readonly historyRetentionMs?: number
  readonly graceMs?: number
  readonly isLeft?: boolean
}

function program({ historyRetentionMs = 1_000, graceMs, isLeft = false }: Settings = {}) {
  return () => {
    const app = topology('shop')
    const table = app.table(prices, { store: 'prices', historyRetentionMs })
    const joined = (sale: string, price: string | null): string => `${sale}@${price}`
    const options = graceMs === undefined ? {} : { graceMs }
    const stream = app.stream(sales)
    const result = isLeft ? stream.leftJoin(table, joined, options) : stream.join(table, joined, options)
    result.to(out)
    return app
  }
}

const price = (driver: TestDriver, value: string | null, timestamp: number, key = 'tea'): void =>
  driver.input(prices).pipe(key, value, { timestamp })

function sale(driver: TestDriver, value: string, timestamp: number, key = 'tea'): string[] {
  driver.input(sales).pipe(key, value, { timestamp })
  return driver
    .output(out)
    .readRecords()
    .map((record) => `${record.value} ${record.timestamp}`)
}

test('a record finds the version that was valid at its time, whatever order versions came in', () => {
  using driver = testDriver(program({ isLeft: true }))
  price(driver, 'p20', 20)
  price(driver, 'p10', 10)
  price(driver, null, 30)
  price(driver, 'p40', 40)
  assert.deepEqual(sale(driver, 'a', 5), ['a@null 5'])
  assert.deepEqual(sale(driver, 'b', 10), ['b@p10 10'])
  assert.deepEqual(sale(driver, 'c', 19), ['c@p10 19'])
  assert.deepEqual(sale(driver, 'd', 29), ['d@p20 29'])
  assert.deepEqual(sale(driver, 'e', 35), ['e@null 35'])
  assert.deepEqual(sale(driver, 'f', 90), ['f@p40 90'])
  const versions = driver.versionedStore<string, string>('prices')
  assert.deepEqual(versions.get('tea'), { value: 'p40', timestamp: 40, validTo: undefined })
  assert.deepEqual(versions.get('tea', 25), { value: 'p20', timestamp: 20, validTo: 30 })
  assert.equal(versions.get('tea', 39), undefined)
  assert.deepEqual(
    [...versions.versions('tea', { fromMs: 12, toMs: 35 })].map(({ value }) => value),
    ['p20', 'p10'],
  )
})

test('a plain table keeps the update that came last, a versioned one that with the latest time', () => {
  const last = (historyRetentionMs: number | undefined): unknown => {
    const app = topology('shop')
    const versions = historyRetentionMs === undefined ? {} : { historyRetentionMs }
    app
      .stream(sales)
      .join(app.table(prices, { store: 'prices', ...versions }), (_sale, row) => row)
      .to(out)
    using driver = testDriver(app)
    price(driver, 'later', 20)
    price(driver, 'earlier', 10)
    return sale(driver, 'now', 50)
  }
  assert.deepEqual(last(undefined), ['earlier 50'])
  assert.deepEqual(last(1_000), ['later 50'])
})

test('versions end with their retention: what is older is left out, and not found unless still valid', () => {
  using driver = testDriver(program({ historyRetentionMs: 100, isLeft: true }))
  price(driver, 'p10', 10)
  price(driver, 'p20', 20)
  price(driver, 'other', 150, 'cake')
  price(driver, 'too late', 49)
  assert.deepEqual(driver.dropped(), { late: 1 })
  assert.deepEqual(sale(driver, 'a', 15), ['a@null 15'])
  assert.deepEqual(sale(driver, 'b', 30), ['b@p20 30'])
  price(driver, 'p200', 200)
  assert.deepEqual(sale(driver, 'c', 150), ['c@p20 150'])
})

test('with grace, records wait for late versions and come out in order of time', () => {
  using driver = testDriver(program({ graceMs: 50 }))
  price(driver, 'p10', 10)
  assert.deepEqual(sale(driver, 'a', 30), [])
  assert.deepEqual(sale(driver, 'b', 20), [])
  price(driver, 'p15', 15)
  assert.deepEqual(sale(driver, 'c', 75), ['b@p15 20'])
  assert.deepEqual(sale(driver, 'd', 200), ['a@p15 30', 'c@p15 75'])
  assert.deepEqual(sale(driver, 'late', 100), ['late@p15 100'])
})

test('versions and waiting records survive a restart', () => {
  const stores = memoryStores()
  {
    using driver = testDriver(program({ graceMs: 50 }), { stores })
    price(driver, 'p10', 10)
    price(driver, 'p20', 20)
    assert.deepEqual(sale(driver, 'a', 15), [])
    assert.deepEqual(sale(driver, 'b', 15), [])
  }
  using driver = testDriver(program({ graceMs: 50 }), { stores })
  assert.deepEqual(sale(driver, 'c', 15), [])
  assert.deepEqual(sale(driver, 'd', 100), ['a@p10 15', 'b@p10 15', 'c@p10 15'])
})

test('tables made of a versioned one pass updates by that are not the latest', () => {
  const app = topology('shop')
  const table = app.table(prices, { store: 'prices', historyRetentionMs: 1_000 })
  table
    .mapValues((row) => row.toUpperCase())
    .groupBy((row, key) => [row, key], { name: 'by-price' })
    .count({ store: 'counts' })
    .mapValues(String, { value: serdes.string })
    .to(out)
  using driver = testDriver(app)
  price(driver, 'p20', 20)
  price(driver, 'p10', 10)
  assert.deepEqual(driver.output(out).readAll(), [['P20', '1']])
})

test('changelogs are compacted only behind what can be asked for', () => {
  const plan = runnable(program({ historyRetentionMs: 1_000, graceMs: 50 })()).plan()
  const settings = new Map(plan.internalTopics.map(({ name, config }) => [name, config]))
  assert.equal(settings.get('shop-prices-changelog')?.['cleanup.policy'], 'compact')
  assert.equal(settings.get('shop-prices-changelog')?.['min.compaction.lag.ms'], String(86_400_000 + 1_000))
  assert.equal(settings.get('shop-KSTREAM-JOIN-0000000003-Buffer-changelog')?.['cleanup.policy'], 'compact')
})

test('grace needs versions, and no more than they last', () => {
  assert.throws(() => program({ graceMs: 2_000 })().describe(), { code: 'STREAMS_TOPOLOGY_INVALID', message: /1000/ })
  const app = topology('shop')
  app
    .stream(sales)
    .join(app.table(prices), (_sale, row) => row, { graceMs: 10 })
    .to(out)
  assert.throws(() => app.describe(), { message: /historyRetentionMs/ })
  assert.throws(() => topology('shop').table(prices, { historyRetentionMs: 10 }), { message: /name/ })
})

test('aggregates kept with versions are joined as they were', () => {
  const app = topology('balances')
  const kept = { store: 'balances', historyRetentionMs: 1_000 }
  const balances = app
    .stream(moves)
    .groupByKey()
    .reduce((sum, move) => sum + move, { ...kept, initial: 0 })
  app
    .stream(sales)
    .leftJoin(balances, (_question, balance) => balance)
    .to(answers)
  using driver = testDriver(app)
  driver.input(moves).pipe('a', 5, { timestamp: 10 })
  driver.input(moves).pipe('a', 7, { timestamp: 20 })
  driver.input(sales).pipe('a', 'then', { timestamp: 15 })
  driver.input(sales).pipe('a', 'now', { timestamp: 20 })
  driver.input(sales).pipe('a', 'before', { timestamp: 5 })
  assert.deepEqual(
    driver
      .output(answers)
      .readAll()
      .map(([, value]) => value),
    [5, 12, null],
  )
})

test('a table with versions needs a name for its store, and cannot be held back', () => {
  const app = topology('unnamed')
  const grouped = app.stream(moves).groupByKey()
  assert.throws(() => grouped.count({ historyRetentionMs: 10 }), { code: 'STREAMS_TOPOLOGY_INVALID' })
  const counts = grouped.count({ store: 'counts', historyRetentionMs: 10 })
  const odd = counts.filter((count) => count % 2 === 1)
  const hold = untilTimeLimit({ afterMs: 10, buffer: 'unbounded' })
  assert.throws(() => odd.suppress(hold), /updates of a versioned table cannot be held back/)
})
