import { serdes, topic } from '@millrace/contracts'
import {
  hopping,
  sessionWindow,
  slidingWindow,
  tumbling,
  unlimited,
  untilWindowCloses,
  windowedSerde,
} from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { record, type ScenarioGroup, type Step, withOtherInputs } from '../scenario.ts'

const input = texts('in')
const close = slidingWindow({ differenceMs: 100, graceMs: 50 })
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const hops = hopping({ sizeMs: 100, advanceMs: 40, graceMs: 50 })
const visits = sessionWindow({ gapMs: 100, graceMs: 50 })
const out = topic('out', { key: windowedSerde(serdes.string, close), value: serdes.string })
const counted = topic('counted', { key: windowedSerde(serdes.string, close), value: serdes.json<number>() })
const sessions = topic('out', { key: windowedSerde(serdes.string, visits), value: serdes.string })
const concat = (one: string, other: string): string => one + other
const onClose = { emit: 'onClose' } as const

/** Early ones, of one time, side by side and apart, out of order, late, without key, without value. */
const events = [
  record(input, 'a', '1', 30, { trace: 'x' }),
  record(input, 'a', '2', 30),
  record(input, 'a', '3', 10),
  record(input, 'a', '4', 90),
  record(input, 'ab', '5', 100),
  record(input, 'a', '6', 130),
  record(input, 'a', '7', 110, { trace: 'y' }),
  record(input, 'a', '8', 60), // out of order, between
  record(input, null, '9', 140),
  record(input, 'a', null, 140),
  record(input, 'b', 'A', 260),
  record(input, 'a', 'B', 160),
  record(input, 'a', 'C', 109), // in windows that are closed, and in some that are not
  record(input, 'a', 'D', 259),
  record(input, 'a', 'E', 261),
  record(input, 'b', 'F', 360), // ends where the one before it begins
  record(input, 'b', 'G', 260),
  record(input, 'c', 'H', 800),
  record(input, 'b', 'I', 649), // late
  record(input, 'b', 'J', 650), // just not
  record(input, 'b', 'K', 700),
]

const closing = [...events, record(input, 'z', 'L', 1_000), record(input, 'z', 'M', 1_600)]
const withoutNulls = closing.filter(({ value }) => value !== null)
/** Java finds no results of windows that have expired when time comes to their close. */
const keptLong = { retentionMs: 10_000 }

/** As a random generator makes them: all orders that three keys and little time give. */
const many: Step[] = []
for (let at = 0, seed = 7; at < 150; at++) {
  seed = (seed * 48_271) % 2_147_483_647
  many.push(record(input, 'abc'[seed % 3]!, String(at % 10), 2 * at + ((seed >> 4) % 180)))
}

const reduced = () => ({
  build: (app: Parameters<ScenarioGroup['scenarios'][number]['build']>[0]) => {
    app.stream(input).groupByKey().window(close).reduce(concat, { store: 'joined' }).to(out)
  },
})

/** Windows that begin just as long ago as they are kept for, and a moment longer. */
const atTheEnd = [
  record(input, 'a', '1', 355),
  record(input, 'b', '2', 354),
  record(input, 'c', '3', 605),
  record(input, 'c', '4', 600),
]

export const sliding: ScenarioGroup = withOtherInputs(
  {
    name: 'sliding',
    javaClass: 'Sliding',
    scenarios: [
      { name: 'reduce', input: events, ...reduced() },
      {
        name: 'count in a store without name',
        input: events,
        build: (app) => {
          app.stream(input).groupByKey().window(close).count().to(counted)
        },
      },
      {
        name: 'aggregate, named',
        input: events,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(close)
            .aggregate({ initial: '>', name: 'slide', store: 'joined' }, concat)
            .to(out)
        },
      },
      {
        name: 'repartitioned',
        input: events,
        build: (app) => {
          app
            .stream(input, { tombstones: true })
            .groupBy(() => 'all', { name: 'by-value' })
            .window(close)
            .reduce((one, other) => `${one}${other}`, { store: 'joined' })
            .to(out)
        },
      },
      {
        name: 'with a cache',
        input: [
          record(input, 'a', '123', 30),
          record(input, 'a', '45', 110),
          record(input, 'a', '67', 150),
          record(input, 'a', '8', 120),
        ],
        cacheMaxBytes: 1_000_000,
        build: (app) => {
          app
            .stream(input)
            .flatMapValues((list) => list.split(''))
            .groupByKey({ value: serdes.string })
            .window(close)
            .reduce(concat, { store: 'joined' })
            .to(out)
        },
      },
      { name: 'many records', input: many, ...reduced() },
      {
        name: 'final results',
        input: events,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(close)
            .reduce(concat, { store: 'joined' })
            .suppress(untilWindowCloses({ buffer: 'unbounded', changelog: false }))
            .to(out)
        },
      },
      {
        name: 'sliding, on close',
        input: closing,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(close, onClose)
            .reduce(concat, { store: 'joined', ...keptLong })
            .to(out)
        },
      },
      {
        name: 'tumbling, on close',
        input: withoutNulls,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(minute, onClose)
            .reduce(concat, { store: 'joined', ...keptLong })
            .to(out)
        },
      },
      {
        name: 'on close, when time jumps',
        input: [record(input, 'a', '1', 30), record(input, 'b', '2', 110), record(input, 'a', '3', 5_000)],
        differs: [
          {
            in: 'topics.out',
            ours: [
              ['hex:610000000000000000', '1', 30],
              ['hex:620000000000000064', '2', 110],
            ],
            why: 'Kafka Streams looks for results where the windows have expired already: those are lost',
          },
        ],
        build: (app) => {
          app.stream(input).groupByKey().window(minute, onClose).reduce(concat, { store: 'joined' }).to(out)
        },
      },
      {
        name: 'hopping, on close',
        input: closing,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(hops, onClose)
            .count({ store: 'counts', ...keptLong })
            .to(counted)
        },
      },
      {
        name: 'sessions, on close',
        input: withoutNulls,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(visits, onClose)
            .reduce(concat, { store: 'paths', ...keptLong })
            .to(sessions)
        },
      },
      {
        name: 'unlimited',
        input: withoutNulls,
        build: (app) => {
          app
            .stream(input)
            .groupByKey()
            .window(unlimited({ startMs: 100 }))
            .reduce(concat, { store: 'joined' })
            .toStream({ tombstones: false })
            .map((value, { key, window }) => [`${key}${window.start}`, value] as const)
            .to(texts('texts'))
        },
      },
    ],
  },
  [
    { of: 'sliding, on close', name: 'sliding, on close, at the end of their retention', input: atTheEnd },
    { of: 'tumbling, on close', name: 'tumbling, on close, at the end of their retention', input: atTheEnd },
    { of: 'reduce', name: 'reduce, at the end of their retention', input: atTheEnd },
  ],
)
