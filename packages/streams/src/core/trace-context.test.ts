// What a trace needs travels in headers: with W3C's names here, but headers of any name go the same way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  joinWindows,
  type KStream,
  sessionWindow,
  type Topology,
  topology,
  tumbling,
  untilWindowCloses,
} from '../index.ts'
import { type TestDriver, type TestDriverOptions, testDriver } from '../testing.ts'

const left = topic('left', { key: serdes.string, value: serdes.string })
const right = topic('right', { key: serdes.string, value: serdes.string })
const rows = topic('rows', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

interface Trace {
  readonly traceparent: string
  readonly tracestate: string
  readonly baggage: string
}

function trace(n: number): Trace {
  const id = n.toString(16)
  return {
    traceparent: `00-${id.padStart(32, '0')}-${id.padStart(16, '0')}-01`,
    tracestate: `vendor=${n}`,
    baggage: `n=${n}`,
  }
}

type Send = (contract: typeof left, n: number, key: string, timestamp: number, value?: string) => void

/** Runs a program on traced records and returns the traces of what it wrote, with the values. */
function traces(
  build: (app: Topology) => void,
  send: (send: Send, driver: TestDriver) => void,
  options: TestDriverOptions = {},
): [value: string | null, trace: unknown][] {
  const app = topology('traced')
  build(app)
  using driver = testDriver(app, options)
  send((contract, n, key, timestamp, value = `v${n}`) => {
    driver.input(contract).pipe(key, value, { timestamp, headers: { ...trace(n) } })
  }, driver)
  return driver
    .output(out)
    .readRecords()
    .map(({ value, headers }) => [value, { ...headers }])
}

const counted = (stream: KStream<string, number | null>): void => {
  stream.mapValues((count) => String(count)).to(out)
}

test('through stateless steps and a repartition topic', () => {
  const found = traces(
    (app) =>
      app
        .stream(left)
        .map((value, key) => [value, key])
        .repartition({ name: 'again' })
        .flatMapValues((value) => [value, `${value}!`])
        .to(out),
    (send) => send(left, 1, 'a', 0),
  )
  assert.deepEqual(found, [
    ['a', trace(1)],
    ['a!', trace(1)],
  ])
})

test('through an aggregate with a cache: the trace is that of the update that is seen', () => {
  const build = (app: Topology): void =>
    counted(
      app
        .stream(left)
        .groupBy((value) => value.slice(0, 1), { name: 'g' })
        .count({ store: 'c' })
        .toStream(),
    )
  const send = (one: Send): void => {
    for (const n of [1, 2, 3]) one(left, n, 'a', n)
  }
  assert.deepEqual(traces(build, send), [
    ['1', trace(1)],
    ['2', trace(2)],
    ['3', trace(3)],
  ])
  const cached = traces(
    build,
    (one, driver) => {
      send(one)
      driver.commit()
    },
    { cacheMaxBytes: 10_000_000 },
  )
  assert.deepEqual(cached, [['3', trace(3)]])
})

test('through windows and sessions', () => {
  const windows = traces(
    (app) => {
      const grouped = app.stream(left).groupByKey()
      const windowed = grouped.window(tumbling({ sizeMs: 100 })).count({ store: 'w' })
      counted(windowed.toStream().map((count, { key }): [string, number | null] => [key, count]))
      const sessions = grouped.window(sessionWindow({ gapMs: 100 })).count({ store: 's' })
      counted(sessions.toStream().map((count, { key }): [string, number | null] => [key, count]))
    },
    (send) => {
      send(left, 1, 'a', 0)
      send(left, 2, 'a', 10)
    },
  )
  assert.deepEqual(
    windows.filter(([value]) => value !== 'null'),
    [
      ['1', trace(1)],
      ['1', trace(1)],
      ['2', trace(2)],
      ['2', trace(2)],
    ],
  )
})

test('through a suppression: the trace is that of the last update of the window, not of the record that closed it', () => {
  const found = traces(
    (app) => {
      const finals = app
        .stream(left)
        .groupByKey()
        .window(tumbling({ sizeMs: 100 }))
        .count({ store: 'w' })
        .suppress(untilWindowCloses({ buffer: 'unbounded' }))
      counted(finals.toStream().map((count, { key }): [string, number | null] => [key, count]))
    },
    (send) => {
      send(left, 1, 'a', 0)
      send(left, 2, 'a', 10)
      send(left, 3, 'b', 200)
    },
  )
  assert.deepEqual(found, [['2', trace(2)]])
})

test('through joins: the trace is that of the record that made the result', () => {
  const withTable = traces(
    (app) =>
      app
        .stream(left)
        .join(app.table(rows), (value, row) => `${value}+${row}`)
        .to(out),
    (send) => {
      send(rows, 1, 'a', 0)
      send(left, 2, 'a', 10)
    },
  )
  assert.deepEqual(withTable, [['v2+v1', trace(2)]])
  const streams = traces(
    (app) => {
      const within = joinWindows({ beforeMs: 100, afterMs: 100, graceMs: 0 })
      app
        .stream(left)
        .join(app.stream(right), (a, b) => `${a}+${b}`, { within })
        .to(out)
    },
    (send) => {
      send(left, 1, 'a', 0)
      send(right, 2, 'a', 10)
      send(left, 3, 'a', 20)
    },
  )
  assert.deepEqual(streams, [
    ['v1+v2', trace(2)],
    ['v3+v2', trace(3)],
  ])
  const tables = traces(
    (app) =>
      app
        .table(rows)
        .join(app.table(right), (a, b) => `${a}+${b}`)
        .toStream()
        .to(out),
    (send) => {
      send(rows, 1, 'a', 0)
      send(right, 2, 'a', 10)
      send(rows, 3, 'a', 5)
    },
  )
  assert.deepEqual(tables, [
    ['v1+v2', trace(2)],
    ['v3+v2', trace(3)],
  ])
  const foreign = traces(
    (app) => {
      const joined = app.table(rows).join(app.table(right), (a, b) => `${a}+${b}`, { foreignKey: (value) => value })
      joined.toStream().to(out)
    },
    (send) => {
      send(right, 1, 'r', 0)
      send(rows, 2, 'a', 10, 'r')
      send(right, 3, 'r', 20)
    },
  )
  assert.deepEqual(foreign, [
    ['r+v1', trace(2)],
    ['r+v3', trace(3)],
  ])
})
