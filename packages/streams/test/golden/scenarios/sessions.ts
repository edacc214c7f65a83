import { serdes, topic } from '@millrace/contracts'
import { sessionWindow, windowedSerde } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const visits = sessionWindow({ gapMs: 100, graceMs: 50 })
const sessions = windowedSerde(serdes.string, visits)
const out = topic('out', { key: sessions, value: serdes.string })
const counted = topic('counted', { key: sessions, value: serdes.json<number>() })

/** Prolonged, joined to each other, at one time, late, expired and still reachable, without key. */
const clicks = [
  record(input, 'a', '1', 10),
  record(input, 'a', '2', 110),
  record(input, 'a', '3', 211),
  record(input, 'b', '4', 211),
  record(input, 'b', '5', 211),
  record(input, 'a', '6', 160), // joins the two sessions of a
  record(input, 'ab', '7', 62), // a session that ends 149 before stream time
  record(input, 'ab', '8', 61), // and one that ends 150 before it, which that one reaches
  record(input, 'c', '9', 61), // as old, on its own: expired in the store as it is put
  record(input, 'c', 'A', 61),
  record(input, 'c', 'B', 60), // late
  record(input, null, 'C', 300),
  record(input, 'b', 'D', 320),
  record(input, 'b', 'E', 400),
  record(input, 'b', 'F', 290),
  record(input, 'c', 'G', 900),
  record(input, 'b', 'H', 301), // late
  record(input, 'a', 'I', 750),
  record(input, 'a', 'J', 650), // late by itself, and within the gap of one that is not
]

const withTombstones = [...clicks.slice(0, 6), record(input, 'a', null, 220), record(input, 'b', null, 500)]

const lists = [
  record(input, 'x', '1 2 3', 10),
  record(input, 'x', '4 5', 90),
  record(input, 'y', '6', 120),
  record(input, 'x', '7 8', 250),
  record(input, 'x', '9', 170),
]

export const sessionWindows: ScenarioGroup = {
  name: 'sessions',
  javaClass: 'Sessions',
  scenarios: [
    {
      name: 'reduce',
      input: clicks,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .window(visits)
          .reduce((path, page) => path + page, { store: 'paths' })
          .to(out)
      },
    },
    {
      name: 'count in a store without name',
      input: withTombstones,
      build: (app) => {
        app.stream(input).groupByKey().window(visits).count().to(counted)
      },
    },
    {
      name: 'aggregate, named',
      input: clicks,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .window(visits)
          .aggregate(
            { initial: '>', merge: (one, other) => `(${one}${other})`, name: 'visits', store: 'paths' },
            (path, page) => path + page,
          )
          .to(out)
      },
    },
    {
      name: 'aggregate of tombstones too',
      input: withTombstones,
      build: (app) => {
        app
          .stream(input, { tombstones: true })
          .groupByKey()
          .window(visits)
          .aggregate({ initial: '>', merge: (one, other) => one + other, store: 'paths' }, (path, page) =>
            page === null ? (null as never) : path + page,
          )
          .to(out)
      },
    },
    {
      name: 'repartitioned',
      input: [...clicks, ...withTombstones],
      build: (app) => {
        app
          .stream(input, { tombstones: true })
          .groupBy((page) => page as string, { name: 'by-page' })
          .window(visits)
          .count({ store: 'visits' })
          .to(counted)
      },
    },
    {
      name: 'with a cache',
      input: lists,
      cacheMaxBytes: 1_000_000,
      build: (app) => {
        app
          .stream(input)
          .flatMapValues((list) => list.split(' '))
          .groupByKey({ value: serdes.string })
          .window(visits)
          .reduce((path, page) => path + page, { store: 'paths', retentionMs: 1_000 })
          .to(out)
      },
    },
    {
      name: 'a longer retention',
      input: clicks,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .window(visits)
          .reduce((path, page) => path + page, { store: 'paths', retentionMs: 1_000 })
          .to(out)
      },
    },
    {
      name: 'headers',
      input: [record(input, 'a', '1', 10, { trace: 'x' }), record(input, 'a', '2', 20, { trace: 'y' })],
      differs: [
        {
          in: 'topics.out',
          ours: [
            ['hex:61000000000000000a000000000000000a', '1', 10, [['trace', 'x']]],
            ['hex:61000000000000000a000000000000000a', null, 10, [['trace', 'y']]],
            ['hex:610000000000000014000000000000000a', '12', 20, [['trace', 'y']]],
          ],
          why: 'sessions lose headers in Kafka Streams, with the cache off, and with them the trace; windows do not',
        },
      ],
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .window(visits)
          .reduce((path, page) => path + page, { store: 'paths' })
          .to(out)
      },
    },
    {
      name: 'old values downstream',
      input: clicks,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .window(visits)
          .count({ store: 'visits' })
          .groupBy((count, { key }) => [key, count] as const, { name: 'by-key' })
          .reduce({ add: (all, count) => all + count, subtract: (all, gone) => all - gone, store: 'sums' })
          .to(numbers('sums'))
      },
    },
  ],
}
