import { serdes, topic } from '@millrace/contracts'
import {
  type KTable,
  sessionWindow,
  type Topology,
  tumbling,
  untilTimeLimit,
  untilWindowCloses,
  type Windowed,
  windowedSerde,
} from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { advance, record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const rows = texts('rows')
const plain = texts('out')
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const out = topic('out', { key: windowedSerde(serdes.string, minute), value: serdes.string })
const visits = sessionWindow({ gapMs: 100, graceMs: 50 })
const sessions = topic('out', { key: windowedSerde(serdes.string, visits), value: serdes.string })

/** Several windows and keys, late and out of order, and nothing for a while: time stands still without records. */
const events = [
  record(input, 'a', '1', 10, { trace: 'x' }),
  record(input, 'a', '2', 90, { trace: 'y' }),
  record(input, 'b', '3', 20),
  record(input, 'a', '4', 120),
  record(input, 'a', '5', 30), // out of order, in time
  record(input, 'c', '6', 149),
  advance(10_000),
  record(input, 'c', '7', 150, { trace: 'z' }), // closes the first window
  record(input, 'a', '8', 40), // late
  record(input, null, '9', 400),
  record(input, 'd', 'A', 260),
  record(input, 'b', 'B', 1_000),
]

const updates = [
  record(rows, 'a', '1', 10, { trace: 'x' }),
  record(rows, 'b', '2', 20),
  record(rows, 'a', '3', 60, { trace: 'y' }),
  record(rows, 'c', '4', 110),
  record(rows, 'b', null, 115),
  record(rows, 'd', '5', 119),
  record(rows, 'a', '6', 40), // out of order: waits for nothing
  record(rows, 'b', '7', 160),
  record(rows, 'd', null, 219),
  record(rows, 'e', null, 230),
  record(rows, null, '8', 900),
  record(rows, 'c', '9', 400),
  record(rows, 'c', '9', 600),
]

const windowed = (app: Topology): KTable<Windowed<string>, string> =>
  app
    .stream(input)
    .groupByKey()
    .window(minute)
    .reduce((joined, value) => joined + value, { store: 'joined' })

const kept = (app: Topology): KTable<string, string> => app.table(rows, { store: 'kept' })

const withNulls = [
  record(input, 'a', null, 5),
  record(input, 'a', '1', 10),
  record(input, 'a', null, 20),
  record(input, 'b', '2', 130),
  record(input, null, null, 140),
  record(input, 'a', null, 30), // late
  record(input, 'b', '3', 120),
  record(input, 'b', null, 400),
  record(input, 'b', '4', 1_000),
]

export const suppression: ScenarioGroup = {
  name: 'suppression',
  javaClass: 'Suppression',
  scenarios: [
    {
      name: 'final results of windows',
      input: events,
      build: (app) =>
        windowed(app)
          .suppress(untilWindowCloses({ buffer: 'unbounded' }))
          .to(out),
    },
    {
      name: 'final results, named',
      input: events,
      build: (app) =>
        windowed(app)
          .suppress(untilWindowCloses({ buffer: 'unbounded', name: 'final' }))
          .to(out),
    },
    {
      name: 'final results of filtered windows, looked up',
      input: events,
      build: (app) =>
        windowed(app)
          .filter((value) => !value.endsWith('2'))
          .suppress(untilWindowCloses({ buffer: 'unbounded' }))
          .to(out),
    },
    {
      name: 'final results of windows with null values',
      input: withNulls,
      differs: [
        {
          in: 'topics.golden-KTABLE-SUPPRESS-STATE-STORE-0000000003-changelog',
          ours: [
            [
              'hex:610000000000000000',
              'hex:0000000000000005000000000000000000000002696e0000000000000000ffffffffffffffffffffffff0000000000000064',
              null,
              [['v', 'hex:03']],
            ],
            [
              'hex:610000000000000000',
              'hex:000000000000000a000000000000000100000002696e0000000000000000ffffffffffffffff00000001310000000000000064',
              null,
              [['v', 'hex:03']],
            ],
            [
              'hex:610000000000000000',
              'hex:0000000000000014000000000000000200000002696e0000000000000000ffffffff0000000131ffffffff0000000000000064',
              null,
              [['v', 'hex:03']],
            ],
            [
              'hex:610000000000000000',
              'hex:000000000000001e000000000000000500000002696e0000000000000000ffffffffffffffffffffffff0000000000000064',
              null,
              [['v', 'hex:03']],
            ],
            ['hex:610000000000000000', null, null],
            [
              'hex:620000000000000064',
              'hex:0000000000000082000000000000000300000002696e0000000000000000ffffffffffffffff000000013200000000000000c8',
              null,
              [['v', 'hex:03']],
            ],
            [
              'hex:620000000000000064',
              'hex:0000000000000082000000000000000600000002696e0000000000000000ffffffff000000013200000002323300000000000000c8',
              null,
              [['v', 'hex:03']],
            ],
            ['hex:620000000000000064', null, null],
            [
              'hex:620000000000000190',
              'hex:0000000000000190000000000000000700000002696e0000000000000000ffffffffffffffffffffffff00000000000001f4',
              null,
              [['v', 'hex:03']],
            ],
            ['hex:620000000000000190', null, null],
            [
              'hex:6200000000000003e8',
              'hex:00000000000003e8000000000000000800000002696e0000000000000000ffffffffffffffff0000000134000000000000044c',
              null,
              [['v', 'hex:03']],
            ],
          ],
          why: 'the first update of an aggregate replaces nothing; in Kafka Streams, with its cache off, it replaces the initial value',
        },
      ],
      build: (app) =>
        app
          .stream(input, { tombstones: true })
          .groupByKey()
          .window(minute)
          .aggregate({ initial: '', store: 'joined', value: serdes.string }, (all, value) =>
            value === null ? (null as never) : all + value,
          )
          .suppress(untilWindowCloses({ buffer: 'unbounded' }))
          .to(out),
    },
    {
      name: 'final results of sessions',
      input: events.map((step) => ('headers' in step ? { ...step, headers: [] } : step)),
      build: (app) =>
        app
          .stream(input)
          .groupByKey()
          .window(visits)
          .reduce((joined, value) => joined + value, { store: 'paths' })
          .suppress(untilWindowCloses({ buffer: 'unbounded' }))
          .to(sessions),
    },
    {
      name: 'a buffer that is full stops',
      input: events,
      differs: [
        {
          in: 'topics.golden-joined-changelog',
          ours: [
            ['hex:61000000000000000000000000', '1', 10],
            ['hex:61000000000000000000000000', '12', 90],
            ['hex:62000000000000000000000000', '3', 20],
            ['hex:61000000000000006400000000', '4', 120],
          ],
          why: "what a record wrote before it failed is not seen in Java's driver",
        },
      ],
      build: (app) =>
        windowed(app)
          .suppress(untilWindowCloses({ buffer: { maxRecords: 2, whenFull: 'shutDown' } }))
          .to(out),
    },
    {
      name: 'a time limit',
      input: updates,
      build: (app) =>
        kept(app)
          .suppress(untilTimeLimit({ afterMs: 100, buffer: 'unbounded' }))
          .to(plain),
    },
    {
      name: 'a time limit of nothing',
      input: updates,
      build: (app) =>
        kept(app)
          .suppress(untilTimeLimit({ afterMs: 0, buffer: 'unbounded' }))
          .to(plain),
    },
    {
      name: 'emitted early by number',
      input: updates,
      build: (app) =>
        kept(app)
          .suppress(untilTimeLimit({ afterMs: 100, buffer: { maxRecords: 2 } }))
          .to(plain),
    },
    {
      name: 'emitted early by bytes',
      input: updates,
      build: (app) =>
        kept(app)
          .suppress(untilTimeLimit({ afterMs: 100, buffer: { maxBytes: 120 } }))
          .to(plain),
    },
    {
      name: 'aggregated afterwards',
      input: updates,
      build: (app) =>
        kept(app)
          .suppress(untilTimeLimit({ afterMs: 100, buffer: 'unbounded' }))
          .groupBy((value) => ['all', value] as const, { name: 'all' })
          .reduce({
            add: (all, value) => `${all}+${value}`,
            subtract: (all, value) => `${all}-${value}`,
            store: 'all',
          })
          .to(plain),
    },
  ],
}
