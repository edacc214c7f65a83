import { serdes, topic } from '@millrace/contracts'
import { numbers, texts } from '../contracts.ts'
import { record, type Scenario, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const out = texts('out')
const counted = numbers('counted')
const quoted = topic('quoted', { key: serdes.string, value: serdes.json<string>() })

/** Headers, out of order, no key, no value. */
const words = [
  record(input, 'a', 'one', 10, { trace: 'x' }),
  record(input, 'b', 'two', 5),
  record(input, 'a', 'three', 7),
  record(input, null, 'four', 20),
  record(input, 'a', null, 30),
  record(input, 'b', 'five', 25, { trace: 'y' }),
  record(input, 'b', 'reset', 24),
  record(input, 'b', 'reset', 26),
  record(input, 'b', 'six', 3),
  record(input, 'a', 'none', 40),
]

const withNull = { tombstones: true } as const
const join = (all: string, word: string): string => (word === 'reset' ? (null as never) : `${all},${word}`)

/** One record that a `flatMap` makes several of: what a cache makes one of within a commit. */
const lists = [
  record(input, 'x', 'a:1 b:2 a:3', 10, { trace: 'x' }),
  record(input, 'x', 'b:4 b:reset c:5', 5),
  record(input, 'x', 'c:reset a:6 c:7 b:8 a:reset', 20),
]

/** KStreamAggregate and KStreamWindowAggregate forward the initializer's value as the old one; the cache, reductions and sessions do not. */
const replacesInitial =
  'without cache (and only then) Kafka Streams has an aggregate replace its initial value, which nobody was told of: ' +
  'filters delete what was not there, and regrouped tables subtract what was not added, so that three keys count as one'

const threeKeys = ['a', 'b', 'c'].map((key, index) => record(input, key, 'once', index))

/** Each key is counted, and then how many keys there are. */
const countKeys: Scenario['build'] = (app) =>
  app
    .stream(input)
    .groupByKey()
    .count({ store: 'counts' })
    .groupBy((count) => ['all', count], { name: 'all' })
    .count({ store: 'keys' })
    .to(counted)

export const aggregates: ScenarioGroup = {
  name: 'aggregates',
  javaClass: 'Aggregates',
  scenarios: [
    {
      name: 'count by key',
      input: words,
      build: (app) => {
        app.stream(input).groupByKey().count({ store: 'counts' }).to(counted)
      },
    },
    {
      name: 'count in a store without name',
      input: words,
      build: (app) => {
        app.stream(input).groupByKey().count().to(counted)
      },
    },
    {
      name: 'count by value, repartitioned',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .groupBy((word) => (word === 'none' ? (null as never) : (word ?? 'null')), { name: 'by-word' })
          .count({ store: 'counts' })
          .to(counted)
      },
    },
    {
      name: 'count of an unnamed group, repartitioned under the name of the store',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .selectKey((word, key) => word ?? key)
          .groupByKey()
          .count()
          .to(counted)
      },
    },
    {
      name: 'reduce',
      input: words,
      build: (app) => {
        app.stream(input).groupByKey().reduce(join, { store: 'joined' }).to(out)
      },
    },
    {
      name: 'reduce of mapped values, repartitioned',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .mapValues((word) => word?.toUpperCase() ?? 'NULL')
          .groupBy((word) => word.slice(0, 1), { name: 'by-letter' })
          .reduce(join, { store: 'joined' })
          .to(out)
      },
    },
    {
      name: 'aggregate',
      input: words,
      build: (app) => {
        app.stream(input).groupByKey().aggregate({ initial: '', store: 'joined' }, join).to(quoted)
      },
    },
    {
      name: 'aggregate with an initial value of null',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .aggregate({ initial: null as string | null, store: 'joined' }, (all, word) => (word === 'one' ? all : word))
          .to(quoted)
      },
    },
    {
      name: 'two aggregates of one group',
      input: words,
      build: (app) => {
        const grouped = app.stream(input).groupBy((word) => word.slice(0, 1), { name: 'by-letter' })
        grouped.count({ store: 'counts' }).to(counted)
        grouped.reduce(join, { store: 'joined' }).to(out)
      },
      differs: [{ in: 'dropped', why: 'a tombstone that groupBy is not made for is counted', ours: 1 }],
    },
    {
      name: 'an aggregate of an aggregate',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .count({ store: 'counts' })
          .toStream()
          .selectKey((count) => String(count))
          .groupByKey({ key: serdes.string, value: serdes.json<number>() })
          .aggregate({ initial: 0, store: 'sums' }, (sum, count) => sum + (count ?? 0))
          .to(counted)
      },
    },
    {
      name: 'what a filter and a mapping make of an aggregate',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .groupByKey()
          .count({ store: 'counts' })
          .filter((count) => count > 1 && count !== 3)
          .mapValues((count) => `${count}`, { store: 'even' })
          .to(quoted)
      },
    },
    {
      name: 'a filter of an aggregate',
      input: words,
      build: (app) => {
        const counts = app.stream(input).groupByKey().count({ store: 'counts' })
        counts.filter((count) => count > 1).to(counted)
      },
    },
    {
      name: 'a filter of an aggregate that takes its initial value',
      input: words.slice(0, 3),
      build: (app) => {
        const counts = app.stream(input).groupByKey().count({ store: 'counts' })
        counts.filter((count) => count % 2 === 0).to(counted)
      },
      differs: [
        {
          in: 'topics.counted',
          why: replacesInitial,
          ours: [['a', '2', 10]],
        },
      ],
    },
    {
      name: 'how many keys have been counted, cached',
      cacheMaxBytes: 1_000_000,
      input: threeKeys,
      build: countKeys,
    },
    {
      name: 'how many keys have been counted, not cached',
      input: threeKeys,
      build: countKeys,
      differs: [
        { in: 'topics.counted', ours: ['1', '2', '3'].map((keys, at) => ['all', keys, at]), why: replacesInitial },
        {
          in: 'topics.golden-all-repartition',
          ours: [0, 1, 2].map((at) => ['all', 'hex:3101', at]),
          why: replacesInitial,
        },
        {
          in: 'topics.golden-keys-changelog',
          ours: [0, 1, 2].map((at) => ['all', `hex:000000000000000${at + 1}`, at]),
          why: replacesInitial,
        },
        { in: 'stores.keys', ours: [{ key: 'all', value: 3, timestamp: 2 }], why: replacesInitial },
      ],
    },
    {
      name: 'a filter of an aggregate, with a store',
      input: words,
      build: (app) => {
        const counts = app.stream(input).groupByKey().count({ store: 'counts' })
        counts.filterNot((count) => count % 2 === 0, { store: 'odd', value: serdes.json<number>() }).to(counted)
      },
    },
    {
      name: 'several updates within one record, cached',
      cacheMaxBytes: 10_000_000,
      input: lists.map((step) => ({ ...step, key: Buffer.from('k') })),
      build: (app) => {
        app
          .stream(input)
          .flatMapValues((list) => list.split(/[ :]/))
          .groupByKey({ value: serdes.string })
          .reduce(join, { store: 'joined' })
          .to(out)
      },
    },
    {
      name: 'several updates within one record, not cached',
      input: lists.map((step) => ({ ...step, key: Buffer.from('k') })),
      build: (app) => {
        app
          .stream(input)
          .flatMapValues((list) => list.split(/[ :]/))
          .groupByKey({ value: serdes.string })
          .reduce(join, { store: 'joined' })
          .to(out)
      },
    },
    {
      name: 'a cache for one store of two',
      cacheMaxBytes: 10_000_000,
      input: lists.map((step) => ({ ...step, key: Buffer.from('k') })),
      build: (app) => {
        const grouped = app
          .stream(input)
          .flatMapValues((list) => list.split(/[ :]/))
          .groupByKey({ value: serdes.string })
        grouped.count({ store: 'cached' }).to(counted)
        grouped.reduce(join, { store: 'uncached', cache: false }).to(out)
      },
    },
  ],
}
