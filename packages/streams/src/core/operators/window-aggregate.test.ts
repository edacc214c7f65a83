import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { calendarWindow, hopping, type Topology, topology, tumbling, type Windows, windowedSerde } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'

const clicks = topic('clicks', { key: serdes.string, value: serdes.json<number>() })
const perMinute = tumbling({ sizeMs: 60_000, graceMs: 10_000 })

function counts(windows: Windows, retentionMs?: number): Topology {
  const app = topology('clicks')
  const out = topic('counts', { key: windowedSerde(serdes.string, windows), value: serdes.json<number>() })
  app
    .stream(clicks)
    .groupByKey()
    .window(windows)
    .reduce((sum, clicked) => sum + clicked, { initial: 0, store: 'counts', ...(retentionMs && { retentionMs }) })
    .to(out)
  return app
}

/** Start, end and value of every update. */
function updates(driver: TestDriver, windows: Windows): [number, number, number | null][] {
  const out = topic('counts', { key: windowedSerde(serdes.string, windows), value: serdes.json<number>() })
  return driver
    .output(out)
    .readAll()
    .map(([{ window }, value]) => [window.start, window.end, value])
}

function click(driver: TestDriver, timestamp: number, key = 'a'): void {
  driver.input(clicks).pipe(key, 1, { timestamp })
}

test('tumbling windows are aligned to the epoch; their end belongs to the next', () => {
  using driver = testDriver(counts(perMinute))
  for (const timestamp of [0, 59_999, 60_000]) click(driver, timestamp)
  assert.deepEqual(updates(driver, perMinute), [
    [0, 60_000, 1],
    [0, 60_000, 2],
    [60_000, 120_000, 1],
  ])
})

test('hopping windows overlap: a record counts in each', () => {
  const windows = hopping({ sizeMs: 10_000, advanceMs: 4_000 })
  using driver = testDriver(counts(windows))
  click(driver, 9_000)
  assert.deepEqual(updates(driver, windows), [
    [0, 10_000, 1],
    [4_000, 14_000, 1],
    [8_000, 18_000, 1],
  ])
})

test('a window takes late records until stream time has passed its end by the grace period', () => {
  using driver = testDriver(counts(perMinute))
  click(driver, 30_000)
  click(driver, 69_999)
  click(driver, 31_000)
  click(driver, 70_000)
  click(driver, 32_000)
  assert.deepEqual(updates(driver, perMinute), [
    [0, 60_000, 1],
    [60_000, 120_000, 1],
    [0, 60_000, 2],
    [60_000, 120_000, 2],
  ])
  assert.deepEqual(driver.dropped(), { late: 1 })
})

test('stream time is that of all keys: another key may close a window', () => {
  using driver = testDriver(counts(perMinute))
  click(driver, 500_000, 'b')
  click(driver, 1_000, 'a')
  assert.deepEqual(driver.dropped(), { late: 1 })
})

test('an update has the time of the latest record in the window', () => {
  using driver = testDriver(counts(perMinute))
  for (const timestamp of [30_000, 10_000]) click(driver, timestamp)
  const out = topic('counts', { key: windowedSerde(serdes.string, perMinute), value: serdes.json<number>() })
  assert.deepEqual(
    driver
      .output(out)
      .readRecords()
      .map((record) => record.timestamp),
    [30_000, 30_000],
  )
})

test('records without key, and values that callbacks are not made for, are left out', () => {
  using driver = testDriver(counts(perMinute))
  driver.input(clicks).pipe(null, 1)
  driver.input(clicks).pipe('a', null)
  assert.deepEqual(updates(driver, perMinute), [])
  assert.deepEqual(driver.dropped(), { 'null-key': 1, 'null-value': 1 })
})

test('windows are fetched by key and time, with the cache and without', () => {
  for (const cacheMaxBytes of [0, 1_000_000]) {
    using driver = testDriver(counts(perMinute, 600_000), { cacheMaxBytes })
    for (const timestamp of [0, 60_000, 61_000, 120_000]) click(driver, timestamp)
    click(driver, 60_000, 'ab')
    const store = driver.windowStore<string, number>('counts')
    const found = [...store.fetch('a', { fromMs: 0, toMs: 60_000 })].map(({ start, end, value }) => [start, end, value])
    assert.deepEqual(found, [
      [0, 60_000, 1],
      [60_000, 120_000, 2],
    ])
    assert.equal(store.get('a', 120_000)?.value, 1)
    assert.equal(store.get('b', 120_000), undefined)
    assert.deepEqual(
      [...store.fetchAll({ fromMs: 60_000, toMs: 60_000 })].map(({ key, value }) => [key, value]),
      [
        ['a', 2],
        ['ab', 1],
      ],
    )
    assert.equal([...store.all()].length, 4)
  }
})

test('a window past retention is not found any more', () => {
  using driver = testDriver(counts(perMinute, 120_000))
  click(driver, 0)
  click(driver, 60_000)
  const store = driver.windowStore('counts')
  assert.notEqual(store.get('a', 0), undefined)
  click(driver, 120_000)
  assert.equal(store.get('a', 0), undefined)
  assert.deepEqual(
    [...store.fetch('a', { fromMs: 0, toMs: 1_000_000 })].map(({ start }) => start),
    [60_000, 120_000],
  )
})

test('retention must cover length and grace', () => {
  assert.throws(() => counts(perMinute, 60_000), { code: 'STREAMS_TOPOLOGY_INVALID' })
})

test('a day of a time zone is a window, 23 hours long when clocks go forward', () => {
  const days = calendarWindow({ unit: 'day', timeZone: 'Europe/Berlin' })
  using driver = testDriver(counts(days))
  click(driver, Date.parse('2026-03-28T22:59:59Z'))
  click(driver, Date.parse('2026-03-29T00:30:00Z'))
  click(driver, Date.parse('2026-03-29T21:59:59Z'))
  click(driver, Date.parse('2026-03-29T22:00:00Z'))
  const hour = 3_600_000
  assert.deepEqual(
    updates(driver, days).map(([start, end, count]) => [new Date(start).toISOString(), (end - start) / hour, count]),
    [
      ['2026-03-27T23:00:00.000Z', 24, 1],
      ['2026-03-28T23:00:00.000Z', 23, 1],
      ['2026-03-28T23:00:00.000Z', 23, 2],
      ['2026-03-29T22:00:00.000Z', 24, 1],
    ],
  )
})

test('a table of windows can be read as a stream with plain keys', () => {
  const flat = topic('flat', { key: serdes.string, value: serdes.json<number>() })
  using driver = testDriver(() => {
    const app = topology('clicks')
    const table = app.stream(clicks).groupByKey().window(perMinute).count({ store: 'counts' })
    table
      .toStream({ tombstones: false })
      .map((count, { key, window }) => [`${key}@${window.start}`, count] as const)
      .to(flat)
    return app
  })
  click(driver, 61_000)
  assert.deepEqual(driver.output(flat).readAll(), [['a@60000', 1]])
})
