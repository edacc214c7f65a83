import { serdes, topic } from '@millrace/contracts'
import {
  type CogroupedKStream,
  type KGroupedStream,
  sessionWindow,
  slidingWindow,
  type Topology,
  tumbling,
  untilWindowCloses,
  windowedSerde,
} from '../../../src/index.ts'
import { texts } from '../contracts.ts'
import { type Difference, record, type ScenarioGroup, withOtherInputs } from '../scenario.ts'

const one = texts('one')
const two = texts('two')
const three = texts('three')
const plain = texts('texts')
const minute = tumbling({ sizeMs: 100, graceMs: 50 })
const close = slidingWindow({ differenceMs: 100, graceMs: 50 })
const visits = sessionWindow({ gapMs: 100, graceMs: 50 })
const out = topic('out', { key: windowedSerde(serdes.string, minute), value: serdes.string })
const sessions = topic('sessions', { key: windowedSerde(serdes.string, visits), value: serdes.string })
const store = { initial: '', store: 'all' }

/** Out of order, late for one input and not for another, without key. */
const windowed = [
  record(one, 'a', 'a', 10),
  record(two, 'a', 'b', 90),
  record(three, 'b', 'a', 40),
  record(one, 'a', 'c', 260),
  record(two, 'a', 'd', 95), // the time of this input has not come as far
  record(one, 'a', 'e', 96), // late
  record(three, null, 'f', 300),
  record(two, 'a', 'a', 180),
  record(three, 'b', 'b', 310),
  record(two, 'b', 'c', 700),
  record(one, 'c', 'd', 900),
]
const inputs = [...windowed, record(two, 'a', null, 910), record(three, 'a', 'last', 5, { trace: 'x' })]

const fold = (mark: string) => (all: string, value: string) => `${all}${mark}${value}`
const grouped = (app: Topology, input: typeof one): KGroupedStream<string, string> => app.stream(input).groupByKey()
const withNulls = (app: Topology, input: typeof one) => app.stream(input, { tombstones: true }).groupByKey()
const foldAny = (mark: string) => (all: string, value: string | null) => `${all}${mark}${value}`
const changed = (app: Topology, input: typeof one, name?: string): KGroupedStream<string, string> =>
  app
    .stream(input)
    .selectKey((value) => value.slice(0, 1))
    .groupByKey({ ...(name !== undefined && { name }) })
const cogrouped = (app: Topology): CogroupedKStream<string, string> =>
  grouped(app, one).cogroup(fold('1')).and(grouped(app, two), fold('2')).and(grouped(app, three), fold('3'))

/** Each input has a time of its own, and their store that of the furthest. */
const apart = [
  record(one, 'a', 'a', 110),
  record(two, 'a', 'b', 320),
  record(one, 'a', 'c', 120),
  record(three, 'b', 'b', 413),
  record(one, 'a', 'e', 247),
  record(two, 'a', 'a', 291),
  record(one, null, 'b', 293),
  record(one, 'a', 'd', 300),
  record(three, 'b', 'd', 900),
  record(one, 'a', 'd', 301),
  record(two, 'a', 'd', 310),
]
/** So far apart that the segment of the store that the record belongs to is gone. */
const farApart = [
  record(three, 'b', 'b', 1_337_548),
  record(one, 'a', 'a', 1_303_524),
  record(two, 'a', 'b', 1_303_525),
]

const uncounted: Difference = {
  in: 'dropped',
  ours: 0,
  why: 'Kafka Streams hands on what its store no longer takes, and counts it; here it is handed on, and put where nobody looks',
}

export const cogroups: ScenarioGroup = withOtherInputs(
  {
    name: 'cogroups',
    javaClass: 'Cogroups',
    scenarios: [
      { name: 'three inputs', input: inputs, build: (app) => cogrouped(app).aggregate(store).to(plain) },
      {
        name: 'a store without name',
        input: inputs,
        build: (app) => cogrouped(app).aggregate({ initial: '' }).to(plain),
      },
      {
        name: 'named, of one input',
        input: inputs.filter(({ topic: name }) => name === 'one'),
        build: (app) =>
          grouped(app, one)
            .cogroup(fold('1'))
            .aggregate({ ...store, name: 'group' })
            .to(plain),
      },
      {
        name: 'named',
        input: inputs,
        build: (app) =>
          cogrouped(app)
            .aggregate({ ...store, name: 'group' })
            .to(plain),
      },
      {
        name: 'repartitioned',
        input: inputs,
        build: (app) =>
          changed(app, one)
            .cogroup(fold('1'))
            .and(grouped(app, two), fold('2'))
            .and(changed(app, three, 'third'), fold('3'))
            .aggregate(store)
            .to(plain),
      },
      { name: 'windows', input: windowed, build: (app) => cogrouped(app).window(minute).aggregate(store).to(out) },
      {
        name: 'windows without names, repartitioned, and their final results',
        input: windowed.filter(({ topic: name }) => name !== 'three'),
        build: (app) =>
          changed(app, one)
            .cogroup(fold('1'))
            .and(grouped(app, two), fold('2'))
            .window(minute)
            .aggregate({ initial: '' })
            .suppress(untilWindowCloses({ buffer: 'unbounded', changelog: false }))
            .to(out),
      },
      {
        name: 'windows of values that may be null',
        program: { javaClass: 'Cogroups', name: 'windows' },
        input: [
          ...windowed.slice(0, 4),
          record(two, 'a', null, 265),
          ...windowed.slice(4),
          record(two, 'b', null, 710),
        ],
        build: (app) =>
          withNulls(app, one)
            .cogroup(foldAny('1'))
            .and(withNulls(app, two), foldAny('2'))
            .and(withNulls(app, three), foldAny('3'))
            .window(minute)
            .aggregate(store)
            .to(out),
      },
      {
        name: 'sliding windows',
        input: windowed,
        build: (app) => cogrouped(app).window(close).aggregate(store).to(out),
      },
      {
        name: 'sessions',
        input: windowed,
        build: (app) =>
          cogrouped(app)
            .window(visits)
            .aggregate({ ...store, merge: (first, second) => first + second, name: 'visits' })
            .to(sessions),
      },
    ],
  },
  [
    { of: 'windows', name: 'windows of inputs that are apart', input: apart },
    { of: 'sliding windows', name: 'sliding windows of inputs that are apart', input: apart },
    { of: 'sessions', name: 'sessions of inputs that are apart', input: apart },
    { of: 'windows', name: 'windows of inputs that are far apart', input: farApart, differs: [uncounted] },
    {
      of: 'sliding windows',
      name: 'sliding windows of inputs that are far apart',
      input: farApart,
      differs: [uncounted],
    },
    { of: 'sessions', name: 'sessions of inputs that are far apart', input: farApart, differs: [uncounted] },
  ],
)
