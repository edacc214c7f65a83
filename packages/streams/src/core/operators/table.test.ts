import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type KTable, type Topology, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'

const left = topic('left', { key: serdes.string, value: serdes.string })
const right = topic('right', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })
const sizes = topic('sizes', { key: serdes.string, value: serdes.json<number>() })

function tables(
  build: (one: KTable<string, string>, two: KTable<string, string>) => KTable<string, string>,
): () => Topology {
  return () => {
    const app = topology('tables')
    build(app.table(left), app.table(right)).to(out)
    return app
  }
}

test('a table filter deletes rows that it no longer takes', () => {
  using driver = testDriver(() => {
    const app = topology('tables')
    app
      .table(left, { store: 'left' })
      .filter((value) => value.length > 1)
      .to(out)
    return app
  })
  for (const value of ['aa', 'a', 'a', 'bb', null]) driver.input(left).pipe('k', value)
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', 'aa'],
    ['k', null],
    ['k', 'bb'],
    ['k', null],
  ])
})

test('a table filter that cannot know the old row hands every deletion on', () => {
  using driver = testDriver(() => {
    const app = topology('tables')
    app
      .table(left)
      .filterNot((value) => value.length > 1)
      .to(out)
    return app
  })
  for (const value of ['aa', 'bb']) driver.input(left).pipe('k', value)
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', null],
    ['k', null],
  ])
})

test('mapValues maps rows, and a deletion stays one', () => {
  using driver = testDriver(tables((one) => one.mapValues((value) => value.toUpperCase())))
  driver.input(left).pipe('k', 'a')
  driver.input(left).pipe('k', null)
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', 'A'],
    ['k', null],
  ])
})

test('mapped and filtered tables with a store can be asked', () => {
  using driver = testDriver(() => {
    const app = topology('tables')
    app
      .table(left)
      .mapValues((value) => value.length, { store: 'lengths' })
      .filter((size) => size > 1, { store: 'long' })
    return app
  })
  driver.input(left).pipe('a', 'x')
  driver.input(left).pipe('b', 'xx')
  assert.deepEqual(driver.store('lengths').get('a'), { value: 1, timestamp: 0 })
  assert.equal(driver.store('long').get('a'), undefined)
  assert.deepEqual(driver.store('long').get('b'), { value: 2, timestamp: 0 })
})

test('an inner join has a row where both sides have one, and updates from both sides', () => {
  using driver = testDriver(tables((one, two) => one.join(two, (a, b) => a + b)))
  driver.input(left).pipe('k', 'a', { timestamp: 5 })
  driver.input(right).pipe('k', '1', { timestamp: 3 })
  driver.input(left).pipe('k', 'b', { timestamp: 9 })
  driver.input(right).pipe('k', null, { timestamp: 10 })
  driver.input(right).pipe('k', null, { timestamp: 11 })
  assert.deepEqual(
    driver
      .output(out)
      .readRecords()
      .map(({ value, timestamp }) => [value, timestamp]),
    [
      ['a1', 5],
      ['b1', 9],
      [null, 10],
      [null, 11],
    ],
  )
})

test('a left join has a row for every row of the left side', () => {
  using driver = testDriver(tables((one, two) => one.leftJoin(two, (a, b) => `${a}${b ?? '-'}`)))
  driver.input(right).pipe('k', '1')
  driver.input(left).pipe('k', 'a')
  driver.input(right).pipe('k', null)
  driver.input(left).pipe('k', null)
  driver.input(left).pipe('k', null)
  driver.input(right).pipe('k', '2')
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', 'a1'],
    ['k', 'a-'],
    ['k', null],
  ])
})

test('an outer join has a row for every row of either side', () => {
  using driver = testDriver(tables((one, two) => one.outerJoin(two, (a, b) => `${a ?? '-'}${b ?? '-'}`)))
  driver.input(right).pipe('k', '1')
  driver.input(left).pipe('k', 'a')
  driver.input(right).pipe('k', null)
  driver.input(left).pipe('k', null)
  driver.input(left).pipe('k', null)
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', '-1'],
    ['k', 'a1'],
    ['k', 'a-'],
    ['k', null],
  ])
})

test('records without key do not get into a table', () => {
  using driver = testDriver(tables((one, two) => one.join(two, (a, b) => a + b)))
  driver.input(left).pipe(null, 'a')
  assert.deepEqual(driver.dropped(), { 'null-key': 1 })
})

test('a join without store can be joined again: its rows are computed', () => {
  using driver = testDriver(tables((one, two) => one.join(two, (a, b) => a + b).join(one, (ab, a) => `${ab}/${a}`)))
  driver.input(left).pipe('k', 'a')
  driver.input(right).pipe('k', '1')
  assert.deepEqual(driver.output(out).readAll(), [['k', 'a1/a']])
})

test('an out-of-order update of a table overwrites: rows follow offsets, not timestamps', () => {
  using driver = testDriver(tables((one, two) => one.join(two, (a, b) => a + b)))
  driver.input(right).pipe('k', '1', { timestamp: 1 })
  driver.input(left).pipe('k', 'new', { timestamp: 9 })
  driver.input(left).pipe('k', 'old', { timestamp: 2 })
  assert.deepEqual(driver.output(out).readAll(), [
    ['k', 'new1'],
    ['k', 'old1'],
  ])
})

test('a regrouped table takes a row out of its old group before it puts it into the new one', () => {
  using driver = testDriver(() => {
    const app = topology('tables')
    app
      .table(left)
      .groupBy((value, key) => [value, key] as const, { name: 'by-value' })
      .count({ store: 'sizes' })
      .to(sizes)
    return app
  })
  driver.input(left).pipe('k1', 'red')
  driver.input(left).pipe('k2', 'red')
  driver.input(left).pipe('k1', 'blue')
  driver.input(left).pipe('k2', 'red')
  driver.input(left).pipe('k2', null)
  assert.deepEqual(driver.output(sizes).readAll(), [
    ['red', 1],
    ['red', 2],
    ['red', 1],
    ['blue', 1],
    ['red', 1],
    ['red', 0],
  ])
})

test('a regrouped table can be summed and reduced', () => {
  const amounts = topic('amounts', { key: serdes.string, value: serdes.json<{ shop: string; amount: number }>() })
  const sums = topic('sums', { key: serdes.string, value: serdes.json<number>() })
  using driver = testDriver(() => {
    const app = topology('tables')
    const byShop = app.table(amounts).groupBy((row) => [row.shop, row.amount] as const, { name: 'by-shop' })
    byShop.aggregate({ initial: 0, add: (sum, x) => sum + x, subtract: (sum, x) => sum - x, store: 'summed' }).to(sums)
    byShop.reduce({ add: (a, b) => a + b, subtract: (a, b) => a - b, store: 'reduced' })
    return app
  })
  driver.input(amounts).pipe('1', { shop: 'a', amount: 5 })
  driver.input(amounts).pipe('2', { shop: 'a', amount: 7 })
  driver.input(amounts).pipe('1', { shop: 'a', amount: 6 })
  assert.deepEqual(driver.output(sums).readAll(), [
    ['a', 5],
    ['a', 12],
    ['a', 13],
  ])
  assert.equal(driver.store('reduced').get('a')?.value, 13)
})

test('old values are those last written down, when a cache has held updates back', () => {
  using driver = testDriver(
    () => {
      const app = topology('tables')
      app
        .table(left)
        .groupBy((value, key) => [value, key] as const, { name: 'by-value' })
        .count({ store: 'sizes' })
        .to(sizes)
      return app
    },
    { cacheMaxBytes: 1_000_000 },
  )
  driver.input(left).pipe('k', 'red')
  driver.commit()
  for (const value of ['green', 'yellow', 'blue']) driver.input(left).pipe('k', value)
  driver.commit()
  assert.deepEqual(driver.output(sizes).readAll(), [
    ['red', 1],
    ['red', 0],
    ['blue', 1],
  ])
})

test('a row that came and went between two commits was never there', () => {
  using driver = testDriver(
    tables((one) => one.mapValues((value) => value)),
    { cacheMaxBytes: 1_000_000 },
  )
  using stored = testDriver(
    () => {
      const app = topology('tables')
      app.table(left, { store: 'left' }).to(out)
      return app
    },
    { cacheMaxBytes: 1_000_000 },
  )
  for (const each of [driver, stored]) {
    each.input(left).pipe('k', 'a')
    each.input(left).pipe('k', null)
    each.commit()
  }
  assert.deepEqual(driver.output(out).readAll().length, 2)
  assert.deepEqual(stored.output(out).readAll(), [])
})

test('a stream becomes a table: the last value counts, a tombstone deletes', () => {
  using driver = testDriver(() => {
    const app = topology('tables')
    app
      .stream(left)
      .selectKey((value) => value.slice(0, 1))
      .toTable({ store: 'last' })
      .toStream()
      .to(out)
    app.stream(right).toTable({ store: 'rows' })
    return app
  })
  driver.input(left).pipe('x', 'ab')
  driver.input(left).pipe('y', 'ac')
  assert.deepEqual(driver.store('last').get('a'), { value: 'ac', timestamp: 0 })
  driver.input(right).pipe('k', '1')
  driver.input(right).pipe('k', null)
  assert.equal(driver.store('rows').get('k'), undefined)
})
