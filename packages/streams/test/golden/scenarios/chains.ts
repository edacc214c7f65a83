import { serdes, topic } from '@millrace/contracts'
import { joinWindows, sessionWindow, tumbling, untilTimeLimit, windowedSerde } from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { record, type ScenarioGroup, withOtherInputs } from '../scenario.ts'

const left = texts('left')
const right = texts('right')
const out = texts('out')
const counted = numbers('counted')
const quoted = topic('quoted', { key: serdes.string, value: serdes.json<string>() })
const minute = tumbling({ sizeMs: 100, graceMs: 100 })
const visits = sessionWindow({ gapMs: 30, graceMs: 100 })
const close = joinWindows({ differenceMs: 20, graceMs: 50 })
const perMinute = topic('per-minute', { key: windowedSerde(serdes.string, minute), value: serdes.json<string>() })
const perVisit = topic('per-visit', { key: windowedSerde(serdes.string, visits), value: serdes.json<string>() })

/** Out of order on both sides, with values on which results are deleted. */
const both = [
  record(left, 'a', '1', 100, { trace: '1' }),
  record(right, 'a', '2', 90, { trace: '2' }),
  record(right, 'a', 'reset', 110),
  record(left, 'b', '3', 105),
  record(right, 'b', '4', 120),
  record(left, 'a', '5', 80, { trace: '5' }),
  record(left, 'b', 'reset', 130),
  record(left, 'a', '6', 112),
  record(right, 'b', '7', 125),
  record(left, 'b', '8', 60),
  record(right, 'c', '9', 170),
  record(left, 'c', '10', 150),
  record(left, 'a', '11', 75),
  record(left, 'c', 'reset', 190),
  record(right, 'a', '12', 140),
  record(left, 'd', '13', 260),
  record(left, 'a', '14', 262),
]

const lefts = both.filter(({ topic: name }) => name === 'left')
/** Sessions lose headers in Kafka Streams. */
const bare = lefts.map((step) => ({ ...step, headers: [] }))

const resets = (text: string): boolean => text.includes('reset')
const join = (all: string, value: string): string => (resets(value) ? (null as never) : `${all},${value}`)
const unlessReset = (value: string): string | null => (resets(value) ? null : value)
const pair = (one: string, two: string | null): string => `${one}+${two}`

/** Steps that keep state behind others whose results have a time of their own. */
export const chains: ScenarioGroup = withOtherInputs(
  {
    name: 'chains',
    javaClass: 'Chains',
    scenarios: [
      {
        name: 'a reduce of joined streams',
        input: both,
        build: (app) => {
          app
            .stream(left)
            .join(app.stream(right), pair, { within: close })
            .groupByKey()
            .reduce(join, { store: 'all' })
            .to(quoted)
        },
      },
      {
        name: 'a table of joined streams, alone ones too',
        input: both,
        build: (app) => {
          app
            .stream(left)
            .leftJoin(app.stream(right), pair, { within: close })
            .mapValues(unlessReset)
            .toTable({ store: 'pairs' })
            .to(quoted)
        },
      },
      {
        name: 'windows of joined streams',
        input: both,
        build: (app) => {
          app
            .stream(left)
            .outerJoin(app.stream(right), (one, two) => `${one}+${two}`, { within: close })
            .groupByKey()
            .window(minute)
            .reduce(join, { store: 'all' })
            .to(perMinute)
        },
      },
      {
        name: 'a stored mapping of windows',
        input: lefts,
        build: (app) => {
          app
            .stream(left)
            .groupByKey()
            .window(minute)
            .reduce((all, value) => `${all},${value}`, { store: 'all' })
            .mapValues(unlessReset, { store: 'mapped' })
            .to(perMinute)
        },
      },
      {
        name: 'a stored mapping of sessions',
        input: bare,
        build: (app) => {
          app
            .stream(left)
            .groupByKey()
            .window(visits)
            .reduce((all, value) => `${all},${value}`, { store: 'all' })
            .mapValues(unlessReset, { store: 'mapped' })
            .to(perVisit)
        },
      },
      {
        name: 'a stored mapping of windows that have closed',
        input: lefts,
        build: (app) => {
          app
            .stream(left)
            .groupByKey()
            .window(minute, { emit: 'onClose' })
            .reduce((all, value) => `${all},${value}`, { store: 'all', retentionMs: 500 })
            .mapValues(unlessReset, { store: 'mapped' })
            .to(perMinute)
        },
      },
      {
        name: 'windows joined with windows',
        input: both,
        build: (app) => {
          const one = app.stream(left).groupByKey().window(minute).reduce(join, { store: 'one' })
          const two = app.stream(right).groupByKey().window(minute).reduce(join, { store: 'two' })
          one.outerJoin(two, (a, b) => `${a}|${b}`, { store: 'both' }).to(perMinute)
        },
      },
      {
        name: 'a stored filter of what was held back',
        input: lefts,
        build: (app) => {
          app
            .stream(left)
            .groupByKey()
            .reduce((all, value) => `${all},${value}`, { store: 'all' })
            .suppress(untilTimeLimit({ afterMs: 40, buffer: 'unbounded' }))
            .filter((all) => !resets(all), { store: 'filtered' })
            .to(out)
        },
      },
      {
        name: 'a reduce of joined tables',
        input: both,
        build: (app) => {
          app
            .table(left)
            .leftJoin(app.table(right), pair)
            .toStream()
            .groupByKey({ value: serdes.json<string | null>() })
            .reduce((all, value) => join(all as string, value as string), { store: 'all' })
            .to(quoted)
        },
      },
      {
        name: 'an aggregate joined with the stream it is made of, repartitioned',
        input: both,
        build: (app) => {
          const byValue = app.stream(left).selectKey((value) => value.slice(0, 1))
          const counts = byValue.groupByKey({ name: 'by-digit' }).count({ store: 'counts' })
          app
            .stream(right)
            .selectKey((value) => value.slice(0, 1))
            .leftJoin(counts, (value, count) => `${value}:${count}`, { name: 'with-count', value: serdes.string })
            .groupByKey()
            .reduce(join, { store: 'all' })
            .to(quoted)
        },
      },
      {
        name: 'a windowed count, counted by key',
        input: bare,
        build: (app) => {
          app
            .stream(left)
            .groupByKey()
            .window(visits)
            .count({ store: 'clicks' })
            .toStream()
            .map((count, { key }) => [key, String(count)] as const)
            .groupByKey()
            .count({ store: 'updates' })
            .to(counted)
        },
      },
    ],
  },
  [
    {
      of: 'a stored mapping of windows that have closed',
      name: 'windows that have closed, at the end of their retention',
      input: [
        record(left, 'a', '2', 355),
        record(left, 'b', '3', 305),
        record(left, 'c', '4', 850),
        record(left, 'c', '5', 810),
      ],
    },
  ],
)
