import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { sessionWindow, type Topology, topology, windowedSerde } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'
import { memoryStores } from '../stores/memory-store.ts'

const clicks = topic('clicks', { key: serdes.string, value: serdes.string })
const visits = sessionWindow({ gapMs: 100, graceMs: 50 })
const out = topic('visits', { key: windowedSerde(serdes.string, visits), value: serdes.string })

function paths(retentionMs?: number): Topology {
  const app = topology('visits')
  app
    .stream(clicks)
    .groupByKey()
    .window(visits)
    .reduce((path, page) => path + page, { store: 'paths', value: serdes.string, ...(retentionMs && { retentionMs }) })
    .to(out)
  return app
}

function click(driver: TestDriver, page: string | null, timestamp: number, key: string | null = 'a'): void {
  driver.input(clicks).pipe(key, page, { timestamp })
}

/** Start, end, value and time of every update. */
function updates(driver: TestDriver): [number, number, string | null, number][] {
  return driver
    .output(out)
    .readRecords()
    .map(({ key: { window }, value, timestamp }) => [window.start, window.end, value, timestamp])
}

test('a record within the gap prolongs the session: the old one is deleted, the new one has the time of its end', () => {
  using driver = testDriver(paths())
  click(driver, 'x', 10)
  click(driver, 'y', 110)
  click(driver, 'z', 211)
  assert.deepEqual(updates(driver), [
    [10, 10, 'x', 10],
    [10, 10, null, 10],
    [10, 110, 'xy', 110],
    [211, 211, 'z', 211],
  ])
})

test('a record between two sessions makes them one: both are deleted, and the result is put', () => {
  using driver = testDriver(paths())
  click(driver, 'x', 0)
  click(driver, 'z', 140)
  updates(driver)
  click(driver, 'y', 75)
  assert.deepEqual(updates(driver), [
    [0, 0, null, 0],
    [140, 140, null, 140],
    [0, 140, 'xzy', 140],
  ])
  assert.deepEqual(
    [...driver.sessionStore<string, string>('paths').fetch('a')].map(({ start, end, value }) => [start, end, value]),
    [[0, 140, 'xzy']],
  )
})

test('a record at the time of the only one of a session changes it in place', () => {
  using driver = testDriver(paths())
  click(driver, 'x', 10)
  click(driver, 'y', 10)
  assert.deepEqual(updates(driver), [
    [10, 10, 'x', 10],
    [10, 10, 'xy', 10],
  ])
})

test('a record is late once stream time has passed the end of its session by gap and grace', () => {
  using driver = testDriver(paths())
  click(driver, 'x', 1_000, 'b')
  click(driver, 'y', 850)
  click(driver, 'z', 849, 'c')
  assert.deepEqual(
    updates(driver).map(([start]) => start),
    [1_000, 850],
  )
  assert.deepEqual(driver.dropped(), { late: 1 })
})

test('a record that is late by itself still joins a session that is not', () => {
  using driver = testDriver(paths())
  click(driver, 'y', 900)
  click(driver, 'x', 1_040, 'b')
  click(driver, 'x', 849)
  assert.deepEqual(updates(driver).at(-1), [849, 900, 'yx', 900])
  assert.deepEqual(driver.dropped(), {})
})

test('records without key or value are left out; counts count the latter', () => {
  using driver = testDriver(paths())
  click(driver, null, 1)
  click(driver, 'x', 1, null)
  assert.deepEqual(driver.dropped(), { 'null-value': 1, 'null-key': 1 })
  using counting = testDriver(() => {
    const app = topology('visits')
    const counts = topic('visits', { key: windowedSerde(serdes.string, visits), value: serdes.json<number>() })
    app.stream(clicks).groupByKey().window(visits).count().to(counts)
    return app
  })
  click(counting, null, 1)
  click(counting, null, 2)
  assert.deepEqual(
    updates(counting).map(([, , value]) => value),
    ['1', null, '2'],
  )
})

test('an aggregate is made of a first value, folded with records and merged with other sessions', () => {
  const lists = topic('lists', { key: windowedSerde(serdes.string, visits), value: serdes.json<string[]>() })
  using driver = testDriver(() => {
    const app = topology('visits')
    app
      .stream(clicks)
      .groupByKey()
      .window(visits)
      .aggregate({ initial: () => ['>'], merge: (one, other) => [...one, ...other] }, (list, page) => [...list, page])
      .to(lists)
    return app
  })
  click(driver, 'x', 0)
  click(driver, 'y', 50)
  assert.deepEqual(driver.output(lists).readAll().at(-1)![1], ['>', '>', 'x', 'y'])
})

test('with the cache only what differs from the last commit comes out, deletions of what was seen included', () => {
  using driver = testDriver(paths(), { cacheMaxBytes: 1_000_000 })
  click(driver, 'x', 0)
  click(driver, 'y', 50)
  click(driver, 'z', 140)
  driver.commit()
  assert.deepEqual(updates(driver), [[0, 140, 'xyz', 140]])
  click(driver, 'w', 200)
  click(driver, 'v', 250)
  driver.commit()
  assert.deepEqual(updates(driver), [
    [0, 140, null, 140],
    [0, 250, 'xyzwv', 250],
  ])
})

test('a cache that is too small gives the same sessions', () => {
  const pages: [string, number, string][] = []
  for (let at = 0; at < 400; at++) pages.push([String(at % 10), (at * 7919) % 3_000, String(at % 13)])
  const sessions = [0, 2_000, 1_000_000].map((cacheMaxBytes) => {
    const app = topology('visits')
    const wide = sessionWindow({ gapMs: 20, graceMs: 10_000 })
    app
      .stream(clicks)
      .groupByKey()
      .window(wide)
      .aggregate({ initial: 0, merge: (one, other) => one + other, store: 'sums' }, (sum, page) => sum + Number(page))
    using driver = testDriver(app, { cacheMaxBytes })
    for (const [page, timestamp, key] of pages) click(driver, page, timestamp, key)
    const found = [...driver.sessionStore('sums').all()].map(({ key, start, end, value }) => [key, start, end, value])
    driver.commit()
    assert.deepEqual(
      [...driver.sessionStore('sums').all()].map(({ key, start, end, value }) => [key, start, end, value]),
      found,
    )
    return found
  })
  assert.ok(sessions[0]!.length > 100)
  assert.deepEqual(sessions[1], sessions[0])
  assert.deepEqual(sessions[2], sessions[0])
})

test('sessions are found by key and time, with the cache and without', () => {
  for (const cacheMaxBytes of [0, 1_000_000]) {
    using driver = testDriver(paths(10_000), { cacheMaxBytes })
    for (const timestamp of [0, 50, 1_000]) click(driver, 'x', timestamp)
    click(driver, 'y', 1_000, 'ab')
    click(driver, 'x', 2_000)
    const store = driver.sessionStore<string, string>('paths')
    assert.equal(store.fetchSession('a', 0, 50)?.value, 'xx')
    assert.equal(store.fetchSession('a', 0, 0), undefined)
    const spans = (found: Iterable<{ start: number; end: number }>): number[][] =>
      [...found].map(({ start, end }) => [start, end])
    assert.deepEqual(spans(store.findSessions('a', { earliestEndMs: 51, latestStartMs: 1_999 })), [[1_000, 1_000]])
    assert.deepEqual(spans(store.findSessions('a', { reverse: true })), [
      [2_000, 2_000],
      [1_000, 1_000],
      [0, 50],
    ])
    assert.deepEqual(spans(store.fetch('ab')), [[1_000, 1_000]])
    assert.equal([...store.all()].length, 4)
  }
})

test('a session past retention is not found any more', () => {
  using driver = testDriver(paths())
  click(driver, 'x', 0)
  const store = driver.sessionStore<string, string>('paths')
  assert.equal([...store.all()].length, 1)
  click(driver, 'y', 149, 'b')
  assert.equal(store.fetchSession('a', 0, 0)?.value, 'x')
  click(driver, 'y', 150, 'b')
  assert.equal(store.fetchSession('a', 0, 0), undefined)
  assert.deepEqual([...store.fetch('a')], [])
})

test('sessions outlive their task in the store', () => {
  const stores = memoryStores()
  {
    using driver = testDriver(paths(), { stores })
    click(driver, 'x', 10)
  }
  using driver = testDriver(paths(), { stores })
  click(driver, 'y', 20)
  assert.deepEqual(updates(driver).at(-1), [10, 20, 'xy', 20])
})

test('an aggregate of sessions must say how two become one', () => {
  const grouped = topology('visits').stream(clicks).groupByKey().window(visits)
  // @ts-expect-error merge is missing
  assert.throws(() => grouped.aggregate({ initial: 0 }, (sum) => sum), { code: 'STREAMS_TOPOLOGY_INVALID' })
})

test('the changelog of sessions is kept for a day longer than they are', () => {
  const { internalTopics } = runnable(paths()).plan()
  assert.deepEqual(
    internalTopics.map(({ name, config }) => [name, config['cleanup.policy'], config['retention.ms']]),
    [['visits-paths-changelog', 'compact,delete', String(150 + 86_400_000)]],
  )
})
