import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  calendarWindow,
  sessionWindow,
  type Topology,
  topology,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  windowedSerde,
} from '../../index.ts'
import { type TestDriver, type TestDriverOptions, testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'
import { memoryStores } from '../stores/memory-store.ts'

const clicks = topic('clicks', { key: serdes.string, value: serdes.json<number>() })
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const finals = topic('finals', { key: windowedSerde(serdes.string, minute), value: serdes.json<number>() })
const rows = topic('rows', { key: serdes.string, value: serdes.json<number>() })
const limited = topic('limited', { key: serdes.string, value: serdes.json<number>() })

type Limit = Parameters<typeof untilTimeLimit>[0]

function finalCounts(buffer: Parameters<typeof untilWindowCloses>[0]['buffer'] = 'unbounded'): Topology {
  const app = topology('finals')
  app
    .stream(clicks)
    .groupByKey()
    .window(minute)
    .reduce((sum, clicked) => sum + clicked, { initial: 0, store: 'sums' })
    .suppress(untilWindowCloses({ buffer, name: 'final' }))
    .to(finals)
  return app
}

function limitedRows(limit: Limit): Topology {
  const app = topology('limited')
  app.table(rows).suppress(untilTimeLimit(limit)).to(limited)
  return app
}

function click(driver: TestDriver, timestamp: number, key = 'a', value = 1): void {
  driver.input(clicks).pipe(key, value, { timestamp })
}

function put(driver: TestDriver, key: string, value: number | null, timestamp: number): void {
  driver.input(rows).pipe(key, value, { timestamp })
}

function results(driver: TestDriver): [string, number, number | null][] {
  return driver
    .output(finals)
    .readAll()
    .map(([{ key, window }, value]) => [key, window.start, value])
}

function limitedResults(driver: TestDriver): [string, number | null, number][] {
  return driver
    .output(limited)
    .readRecords()
    .map(({ key, value, timestamp }) => [key, value, timestamp])
}

test('a window has one result, once stream time has passed its end by the grace', () => {
  for (const cacheMaxBytes of [0, 1_000_000]) {
    using driver = testDriver(finalCounts(), { cacheMaxBytes })
    const step = (timestamp: number, key = 'a'): void => {
      click(driver, timestamp, key)
      driver.commit()
    }
    for (const timestamp of [10, 20, 110, 149, 30]) step(timestamp)
    assert.deepEqual(results(driver), [])
    step(150, 'b')
    assert.deepEqual(results(driver), [['a', 0, 3]])
    step(40)
    step(249, 'b')
    assert.deepEqual(results(driver), [])
    step(250, 'b')
    assert.deepEqual(results(driver), [
      ['a', 100, 2],
      ['b', 100, 1],
    ])
    assert.deepEqual(driver.dropped(), { late: 1 })
  }
})

test('without a later record there is no result, however long it takes', () => {
  using driver = testDriver(finalCounts())
  click(driver, 10)
  driver.advanceTime(1_000_000)
  assert.deepEqual(results(driver), [])
  click(driver, 1_000, 'b')
  assert.deepEqual(results(driver), [['a', 0, 1]])
})

test('a result has the time and headers of the record that made it', () => {
  using driver = testDriver(finalCounts())
  driver.input(clicks).pipe('a', 1, { timestamp: 10, headers: { trace: 'x' } })
  driver.input(clicks).pipe('b', 1, { timestamp: 500, headers: { trace: 'y' } })
  assert.deepEqual(
    driver
      .output(finals)
      .readRecords()
      .map(({ timestamp, headers }) => [timestamp, headers]),
    [[10, { trace: 'x' }]],
  )
})

test('sessions that were joined leave nothing behind: deletions are no results', () => {
  const visits = sessionWindow({ gapMs: 10, graceMs: 5 })
  const out = topic('visits', { key: windowedSerde(serdes.string, visits), value: serdes.json<number>() })
  using driver = testDriver(() => {
    const app = topology('visits')
    const counts = app.stream(clicks).groupByKey().window(visits).count()
    counts.suppress(untilWindowCloses({ buffer: 'unbounded' })).to(out)
    return app
  })
  for (const timestamp of [0, 14, 8, 100]) click(driver, timestamp)
  assert.deepEqual(
    driver
      .output(out)
      .readAll()
      .map(([{ window }, count]) => [window, count]),
    [[{ start: 0, end: 14 }, 3]],
  )
})

test('a row is handed on when its first change has waited long enough, with its last value', () => {
  using driver = testDriver(limitedRows({ afterMs: 100, buffer: 'unbounded' }))
  put(driver, 'a', 1, 0)
  put(driver, 'b', 2, 50)
  put(driver, 'a', 3, 60)
  assert.deepEqual(limitedResults(driver), [])
  put(driver, 'c', 4, 100)
  assert.deepEqual(limitedResults(driver), [['a', 3, 60]])
  put(driver, 'b', null, 155)
  assert.deepEqual(limitedResults(driver), [['b', null, 155]])
})

test('a full buffer hands the oldest on early', () => {
  using driver = testDriver(limitedRows({ afterMs: 1_000, buffer: { maxRecords: 2 } }))
  for (const [at, key] of ['b', 'a', 'c', 'b', 'd'].entries()) put(driver, key, at, at)
  assert.deepEqual(limitedResults(driver), [
    ['b', 0, 0],
    ['a', 1, 1],
    ['c', 2, 2],
  ])
})

test('a buffer is bounded in bytes too', () => {
  using driver = testDriver(limitedRows({ afterMs: 1_000, buffer: { maxBytes: 150 } }))
  for (let at = 0; at < 6; at++) put(driver, `key-${at}`, at, at)
  const early = limitedResults(driver)
  assert.ok(early.length > 0 && early.length < 6, `${early.length} came early`)
})

test('a full buffer that must not hand on early stops the application, whatever the handler says', () => {
  using driver = testDriver(finalCounts({ maxRecords: 2, whenFull: 'shutDown' }), {
    handlers: { process: () => 'continue' },
  })
  click(driver, 10)
  click(driver, 20, 'b')
  click(driver, 30, 'a')
  assert.throws(() => click(driver, 30, 'c'), { code: 'STREAMS_BUFFER_FULL' })
})

test('what is held back survives the task: from its store, or from the changelog', () => {
  const stores = memoryStores()
  const options: TestDriverOptions = { stores }
  {
    using driver = testDriver(finalCounts(), options)
    click(driver, 10)
    click(driver, 20)
    const changelog = topic('finals-final-store-changelog', { key: serdes.bytes, value: serdes.bytes })
    const logged = driver.output(changelog).readRecords()
    assert.equal(logged.length, 2)
    assert.equal(logged[0]!.headers.v, '\u0003')
  }
  using driver = testDriver(finalCounts(), options)
  click(driver, 500, 'b')
  assert.deepEqual(results(driver), [['a', 0, 2]])
})

test('downstream sees rows as they were before they were held back', () => {
  const joined = topic('joined', { key: serdes.string, value: serdes.json<string>() })
  const orders = topic('orders', { key: serdes.string, value: serdes.string })
  using driver = testDriver(() => {
    const app = topology('limited')
    const held = app.table(rows).suppress(untilTimeLimit({ afterMs: 100, buffer: 'unbounded' }))
    app
      .stream(orders)
      .leftJoin(held, (order, row) => `${order} ${row}`)
      .to(joined)
    return app
  })
  const ask = (): string | null => {
    driver.input(orders).pipe('a', 'x', { timestamp: 0 })
    return driver.output(joined).readAll()[0]![1]
  }
  put(driver, 'a', 1, 0)
  assert.equal(ask(), 'x null')
  put(driver, 'b', 1, 200)
  assert.equal(ask(), 'x 1')
  put(driver, 'a', 2, 210)
  put(driver, 'a', 3, 220)
  assert.equal(ask(), 'x 1')
})

test('what cannot be is refused', () => {
  const app = topology('bad')
  // @ts-expect-error Only rows of windows have a close
  assert.throws(() => app.table(rows).suppress(untilWindowCloses({ buffer: 'unbounded' })), {
    code: 'STREAMS_TOPOLOGY_INVALID',
  })
  // @ts-expect-error final results cannot come early
  assert.throws(() => untilWindowCloses({ buffer: { maxRecords: 1 } }), { code: 'STREAMS_TOPOLOGY_INVALID' })
  assert.throws(() => untilTimeLimit({ afterMs: 1, buffer: {} }), { code: 'STREAMS_TOPOLOGY_INVALID' })
  assert.throws(() => untilTimeLimit({ afterMs: -1, buffer: 'unbounded' }), { code: 'STREAMS_TOPOLOGY_INVALID' })
})

test('a buffer that is not logged has no changelog; one that is has a compacted one', () => {
  const changelogs = (changelog: boolean): unknown[] =>
    runnable(limitedRows({ afterMs: 1, buffer: 'unbounded', changelog, name: 'held' }))
      .plan()
      .internalTopics.filter(({ store }) => store === 'held-store')
      .map(({ name, config }) => [name, config['cleanup.policy']])
  assert.deepEqual(changelogs(true), [['limited-held-store-changelog', 'compact']])
  assert.deepEqual(changelogs(false), [])
})

test('days of a time zone close as other windows do', () => {
  const days = calendarWindow({ unit: 'day', timeZone: 'Europe/Berlin', graceMs: 3_600_000 })
  const out = topic('days', { key: windowedSerde(serdes.string, days), value: serdes.json<number>() })
  const programs = {
    suppress: (app: Topology) =>
      app
        .stream(clicks)
        .groupByKey()
        .window(days)
        .count()
        .suppress(untilWindowCloses({ buffer: 'unbounded' })),
    onClose: (app: Topology) => app.stream(clicks).groupByKey().window(days, { emit: 'onClose' }).count(),
  }
  for (const build of Object.values(programs)) {
    const app = topology('days')
    build(app).to(out)
    using driver = testDriver(app)
    // The night in which clocks go forward: the day has 23 hours.
    click(driver, Date.parse('2026-03-28T23:30:00Z'))
    click(driver, Date.parse('2026-03-29T21:59:59Z'))
    click(driver, Date.parse('2026-03-29T22:59:59Z'), 'b')
    assert.deepEqual(driver.output(out).readAll(), [])
    click(driver, Date.parse('2026-03-29T23:00:00Z'), 'b')
    assert.deepEqual(
      driver
        .output(out)
        .readAll()
        .map(([{ window }, count]) => [(window.end - window.start) / 3_600_000, count]),
      [[23, 2]],
    )
  }
})

test('what a serde loses is found when it is held back', () => {
  const dates = topic('dates', { key: serdes.string, value: serdes.json<Date | string>() })
  const app = topology('dates')
  app
    .table(rows)
    .mapValues((value): Date | string => new Date(value))
    .suppress(untilTimeLimit({ afterMs: 10, buffer: 'unbounded' }))
    .to(dates)
  using driver = testDriver(app)
  assert.throws(() => put(driver, 'a', 1, 0), { code: 'STREAMS_VALUE_LOSSY' })
})

test('a result that cannot be handed on is skipped by itself, and keeps back no other', () => {
  const programs = {
    suppress: (app: Topology) =>
      app
        .stream(clicks)
        .groupByKey()
        .window(minute)
        .count({ store: 'counts' })
        .suppress(untilWindowCloses({ buffer: 'unbounded' })),
    onClose: (app: Topology) =>
      app.stream(clicks).groupByKey().window(minute, { emit: 'onClose' }).count({ store: 'counts' }),
  }
  for (const build of Object.values(programs)) {
    const app = topology('failing')
    const failed: string[] = []
    build(app)
      .toStream({ tombstones: false })
      .mapValues((count, { key }) => {
        if (key === 'b') throw new Error('no')
        return count
      })
      .to(finals)
    using driver = testDriver(app, {
      handlers: {
        process(_error, { node }) {
          failed.push(node)
          return 'continue'
        },
      },
    })
    for (const key of ['a', 'b', 'c']) click(driver, 10, key)
    click(driver, 500, 'd')
    assert.deepEqual(results(driver), [
      ['a', 0, 1],
      ['c', 0, 1],
    ])
    assert.equal(failed.length, 1)
    assert.match(failed[0]!, /^KSTREAM-MAPVALUES-/)
    click(driver, 1_000, 'e')
    assert.deepEqual(results(driver), [['d', 500, 1]])
    assert.equal(failed.length, 1)
  }
})

test('what is held back is counted: how much now, and the most of late', () => {
  using driver = testDriver(limitedRows({ afterMs: 100, buffer: { maxBytes: 1_000, whenFull: 'emitEarly' } }))
  const held = (): unknown[] => {
    const found = driver.metrics().filter(({ name }) => name.startsWith('millrace_streams_store_held_'))
    return found.map(({ value }) => value)
  }
  for (const key of ['a', 'b', 'c']) put(driver, key, 1, 0)
  const [records, recordsMax, bytes, bytesMax] = held()
  assert.deepEqual([records, recordsMax], [3, 3])
  assert.ok(Number(bytes) > 0)
  assert.equal(bytes, bytesMax)
  put(driver, 'd', 1, 200)
  assert.deepEqual(held(), [1, 4, Number(bytes) / 3, (Number(bytes) / 3) * 4])
})
