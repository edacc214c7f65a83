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
import { record, type ScenarioGroup } from '../scenario.ts'

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
const changed = (app: Topology, input: typeof one, name?: string): KGroupedStream<string, string> =>
  app
    .stream(input)
    .selectKey((value) => value.slice(0, 1))
    .groupByKey({ ...(name !== undefined && { name }) })
const cogrouped = (app: Topology): CogroupedKStream<string, string> =>
  grouped(app, one).cogroup(fold('1')).and(grouped(app, two), fold('2')).and(grouped(app, three), fold('3'))

export const cogroups: ScenarioGroup = {
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
    { name: 'sliding windows', input: windowed, build: (app) => cogrouped(app).window(close).aggregate(store).to(out) },
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
}
