import { serdes, topic } from '@millrace/contracts'
import { hopping, tumbling, windowedSerde } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { record, type ScenarioGroup, withOtherInputs } from '../scenario.ts'

const input = texts('in')
const sizes = numbers('sizes')
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const strict = tumbling({ sizeMs: 100 })
const sliding = hopping({ sizeMs: 100, advanceMs: 40, graceMs: 30 })
const windowed = windowedSerde(serdes.string, minute)
const counted = topic('counted', { key: windowed, value: serdes.json<number>() })
const joined = topic('joined', { key: windowed, value: serdes.string })
const quoted = topic('quoted', { key: windowed, value: serdes.json<string>() })

const events = [
  record(input, 'a', '1', 10, { trace: 'x' }),
  record(input, 'a', '2', 120),
  record(input, 'a', '3', 90), // its window has ended, and is still open
  record(input, 'b', '4', 160),
  record(input, 'a', '5', 20), // late
  record(input, null, '6', 170),
  record(input, 'a', null, 180),
  record(input, 'a', '8', 170, { trace: 'y' }),
  record(input, 'b', 'reset', 165),
  record(input, 'b', 'reset', 165),
  record(input, 'b', '9', 0), // late
  record(input, 'c', '10', 500),
  record(input, 'a', '11', 449), // the last moment that is late
  record(input, 'a', '12', 450),
  record(input, 'b', '13', 399),
]

const withNull = { tombstones: true } as const
const join = (all: string, value: string | null): string => (value === 'reset' ? (null as never) : `${all},${value}`)

/** One record that becomes several of the same key: what a cache makes one of. */
const lists = [
  record(input, 'a', '1 2 3', 10, { trace: 'x' }),
  record(input, 'b', '4 reset', 130),
  record(input, 'a', '5 reset 6', 90),
  record(input, 'a', 'reset', 95),
  record(input, 'a', '7 8', 130),
]

/** Time ends where a longer retention still shows what the usual one does not. */
const shorter = [
  ...events.slice(0, 11),
  record(input, 'c', '10', 450),
  record(input, 'a', '11', 399), // the last moment that is late
  record(input, 'a', '12', 400),
]

export const timeWindows: ScenarioGroup = withOtherInputs(
  {
    name: 'time-windows',
    javaClass: 'TimeWindowed',
    scenarios: [
      {
        name: 'tumbling count',
        input: events,
        build: (app) => {
          app.stream(input).groupByKey().window(minute).count({ store: 'counts' }).to(counted)
        },
      },
      {
        name: 'tumbling count without grace',
        input: events,
        build: (app) => {
          app.stream(input).groupByKey().window(strict).count({ store: 'counts' }).to(counted)
        },
      },
      {
        name: 'tumbling count in a store without name',
        input: events,
        build: (app) => {
          app.stream(input).groupByKey().window(minute).count().to(counted)
        },
      },
      {
        name: 'tumbling reduce',
        input: events,
        build: (app) => {
          app
            .stream(input, withNull)
            .groupByKey()
            .window(minute)
            .reduce(join as never, { store: 'all' })
            .to(joined)
        },
      },
      {
        name: 'tumbling aggregate',
        input: events,
        build: (app) => {
          app
            .stream(input, withNull)
            .groupByKey()
            .window(minute)
            .aggregate({ initial: '', store: 'all' }, join)
            .to(quoted)
        },
      },
      {
        name: 'tumbling aggregate, repartitioned',
        input: events,
        build: (app) => {
          app
            .stream(input, withNull)
            .groupBy((value, key) => (value === '12' ? (null as never) : key), { name: 'again', value: serdes.string })
            .window(minute)
            .aggregate({ initial: '', store: 'all' }, join)
            .to(quoted)
        },
      },
      {
        name: 'hopping count',
        input: events,
        build: (app) => {
          app.stream(input).groupByKey().window(sliding).count({ store: 'counts' }).to(counted)
        },
      },
      {
        name: 'hopping aggregate',
        input: events,
        build: (app) => {
          app
            .stream(input, withNull)
            .groupByKey()
            .window(sliding)
            .aggregate({ initial: '', store: 'all' }, join)
            .to(quoted)
        },
      },
      {
        name: 'a window store that is kept for longer',
        input: shorter,
        build: (app) => {
          app.stream(input).groupByKey().window(minute).count({ store: 'counts', retentionMs: 400 }).to(counted)
        },
      },
      {
        name: 'the stream of a windowed table with keys of its own',
        input: events,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(minute)
            .count({ store: 'counts' })
            .toStream()
            .map((count, { key, window }) => [`${key}@${window.start}-${window.end}`, count] as const)
            .to(sizes)
        },
      },
      {
        name: 'filter and mapping of a windowed table',
        input: events,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(minute)
            .count({ store: 'counts' })
            .filter((count) => count > 1)
            .mapValues((count) => `${count} of them`)
            .to(quoted)
        },
      },
      {
        name: 'a windowed table, regrouped',
        input: events,
        build: (app) => {
          app
            .stream(input, withNull)
            .groupByKey()
            .window(minute)
            .reduce((last, value) => value ?? last, { store: 'last' })
            .groupBy((value, { key }) => [key, value as string] as const, { name: 'by-key' })
            .count({ store: 'sizes' })
            .to(sizes)
        },
      },
      {
        name: 'a windowed aggregate of what is grouped by window',
        input: events,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(strict)
            .count({ store: 'counts' })
            .toStream()
            .map((_count, { window }) => [String(window.start), '1'] as const)
            .groupByKey()
            .window(minute)
            .count({ store: 'updates' })
            .to(counted)
        },
      },
      {
        name: 'a cached tumbling reduce',
        cacheMaxBytes: 10_000_000,
        input: lists,
        build: (app) => {
          app
            .stream(input)
            .flatMapValues((list) => list.split(' '))
            .groupByKey({ value: serdes.string })
            .window(minute)
            .reduce(join, { store: 'all' })
            .to(joined)
        },
      },
      {
        name: 'a cached hopping reduce, filtered',
        cacheMaxBytes: 10_000_000,
        input: lists,
        build: (app) => {
          app
            .stream(input)
            .flatMapValues((list) => list.split(' '))
            .groupByKey({ value: serdes.string })
            .window(sliding)
            .reduce(join, { store: 'all' })
            .filter((all) => all.includes(','))
            .to(joined)
        },
      },
    ],
  },
  [{ of: 'tumbling count', name: 'a window store that is kept as long as it must', input: shorter }],
)
