import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { slidingWindow, type Topology, topology, unlimited, windowedSerde } from '../../index.ts'
import { type TestDriver, testDriver } from '../../testing.ts'

const logins = topic('logins', { key: serdes.string, value: serdes.string })
const close = slidingWindow({ differenceMs: 10, graceMs: 20 })
const out = topic('out', { key: windowedSerde(serdes.string, close), value: serdes.string })

function joined(emit: 'onUpdate' | 'onClose' = 'onUpdate'): Topology {
  const app = topology('logins')
  app
    .stream(logins)
    .groupByKey()
    .window(close, { emit })
    .reduce((all, login) => all + login, { store: 'joined' })
    .to(out)
  return app
}

function login(driver: TestDriver, value: string | null, timestamp: number, key: string | null = 'a'): void {
  driver.input(logins).pipe(key, value, { timestamp })
}

/** Windows as they stand, by start: what the last update of each says. */
function windows(driver: TestDriver): Record<string, string | null> {
  const rows = driver.output(out).readAll()
  return Object.fromEntries(rows.map(([{ window }, value]) => [`${window.start}-${window.end}`, value]))
}

test('a record ends a window, and begins one for those that follow it', () => {
  using driver = testDriver(joined())
  login(driver, 'x', 20)
  assert.deepEqual(windows(driver), { '10-20': 'x' })
  login(driver, 'y', 25)
  assert.deepEqual(windows(driver), { '15-25': 'xy', '21-31': 'y' })
  login(driver, 'z', 31)
  assert.deepEqual(windows(driver), { '21-31': 'yz', '26-36': 'z' })
})

test('records out of order make the windows that they would have made in order', () => {
  const records: [string, number][] = [
    ['x', 20],
    ['y', 25],
    ['z', 31],
    ['w', 31],
    ['v', 40],
  ]
  const spans = [records, records.toReversed(), [2, 0, 4, 1, 3].map((at) => records[at]!)].map((order) => {
    using driver = testDriver(joined())
    for (const [value, timestamp] of order) login(driver, value, timestamp)
    return Object.entries(windows(driver))
      .map(([window, all]) => `${window} ${[...all!].sort().join('')}`)
      .sort()
  })
  assert.deepEqual(spans[1], spans[0])
  assert.deepEqual(spans[2], spans[0])
})

test('records before the first full difference share a window', () => {
  using driver = testDriver(joined())
  login(driver, 'x', 3)
  login(driver, 'y', 6)
  assert.deepEqual(windows(driver), { '0-10': 'xy', '4-14': 'y' })
})

test('windows that have closed take no records; a record that lies in none that is open is late', () => {
  using driver = testDriver(joined())
  login(driver, 'x', 100)
  login(driver, 'y', 70)
  assert.deepEqual(windows(driver), { '90-100': 'x' })
  assert.deepEqual(driver.dropped(), { late: 1 })
  login(driver, 'z', 69)
  assert.deepEqual(driver.dropped(), { late: 2 })
})

test('records without key or value are left out', () => {
  using driver = testDriver(joined())
  login(driver, null, 20)
  login(driver, 'x', 20, null)
  assert.deepEqual(driver.dropped(), { 'null-value': 1, 'null-key': 1 })
})

test('windows can be asked for, with the cache and without', () => {
  for (const cacheMaxBytes of [0, 1_000_000]) {
    using driver = testDriver(joined(), { cacheMaxBytes })
    for (const timestamp of [20, 25, 31]) login(driver, 'x', timestamp)
    const store = driver.windowStore<string, string>('joined')
    assert.equal(store.get('a', 15)?.value, 'xx')
    assert.deepEqual(
      [...store.fetch('a', { fromMs: 15, toMs: 21 })].map(({ start, end, value }) => [start, end, value]),
      [
        [15, 25, 'xx'],
        [21, 31, 'xx'],
      ],
    )
  }
})

test('on close, windows have one result, in the order of their start', () => {
  using driver = testDriver(joined('onClose'))
  for (const timestamp of [20, 25, 31]) login(driver, 'x', timestamp)
  login(driver, 'y', 20, 'b')
  assert.deepEqual(windows(driver), {})
  login(driver, 'z', 1_000)
  assert.deepEqual(
    driver
      .output(out)
      .readAll()
      .map(([{ key, window }, value]) => [key, window.start, value]),
    [
      ['a', 10, 'x'],
      ['b', 10, 'y'],
      ['a', 15, 'xx'],
      ['a', 21, 'xx'],
      ['a', 26, 'x'],
    ],
  )
})

test('an unlimited window takes everything from its start on, and never closes', () => {
  const ever = unlimited({ startMs: 50 })
  const all = topic('all', { key: windowedSerde(serdes.string, ever), value: serdes.string })
  using driver = testDriver(() => {
    const app = topology('logins')
    const grouped = app.stream(logins).groupByKey()
    grouped
      .window(ever)
      .reduce((one, other) => one + other, { store: 'all' })
      .to(all)
    assert.throws(() => grouped.window(ever, { emit: 'onClose' }), { code: 'STREAMS_TOPOLOGY_INVALID' })
    return app
  })
  for (const timestamp of [49, 50, 1_000_000_000_000, 60]) login(driver, 'x', timestamp)
  assert.deepEqual(driver.output(all).readAll().at(-1), [
    { key: 'a', window: { start: 50, end: Number.POSITIVE_INFINITY } },
    'xxx',
  ])
  assert.deepEqual(driver.dropped(), {})
})
