import { texts } from '../contracts.ts'
import { record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const other = texts('other')
const out = texts('out')
const rest = texts('rest')

/** Headers, no key, no value, neither, out of order. */
const words = [
  record(input, 'a', 'one', 10, { trace: 'x' }),
  record(input, 'b', 'is', 5),
  record(input, null, 'three', 20),
  record(input, 'a', null, 15, { trace: 'y' }),
  record(input, null, null, 30),
  record(input, 'a', 'to be', 25),
  record(input, 'b', '', 40),
]

const both = words.flatMap((step, at) => [step, record(other, `o${at}`, at % 3 === 0 ? null : `other ${at}`, at)])

const withNull = { tombstones: true } as const

export const stateless: ScenarioGroup = {
  name: 'stateless',
  javaClass: 'Stateless',
  scenarios: [
    {
      name: 'filter',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .filter((word) => word !== null && word.length > 2)
          .to(out)
      },
    },
    {
      name: 'filterNot',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .filterNot((word) => word !== null && word.length > 2)
          .to(out)
      },
    },
    {
      name: 'map',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .map((word, key) => [word, key] as const)
          .to(out as never)
      },
    },
    {
      name: 'mapValues',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .mapValues((word, key) => (word === 'is' ? null : `${key}:${word}`))
          .to(out)
      },
    },
    {
      name: 'flatMap',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .flatMap((word, key) => (word ?? 'no value').split(' ').map((part) => [part, key] as const))
          .to(out)
      },
    },
    {
      name: 'flatMapValues',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .flatMapValues((word) => (word === null ? [] : word.split('')))
          .to(out)
      },
    },
    {
      name: 'selectKey',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .selectKey((word, key) => word ?? key)
          .to(out)
      },
    },
    {
      name: 'peek and forEach',
      input: words,
      build: (app) => {
        const stream = app.stream(input, withNull)
        stream.forEach(() => {})
        stream.peek(() => {}).to(out)
      },
    },
    {
      name: 'merge',
      input: both,
      build: (app) => {
        app.stream(input).merge(app.stream(other)).to(out)
      },
    },
    {
      name: 'merge of streams with changed keys, repartitioned',
      input: both,
      build: (app) => {
        const one = app.stream(input, withNull).selectKey((word, key) => word ?? key)
        one.merge(app.stream(other, withNull)).repartition({ name: 'merged' }).to(out)
      },
    },
    {
      name: 'split, and the rest',
      input: words,
      build: (app) => {
        const { short, none } = app.stream(input, withNull).split({
          short: (word) => word !== null && word.length < 3,
          none: 'otherwise',
        })
        short.to(out)
        none.to(rest)
      },
    },
    {
      name: 'split, and nothing else',
      input: words,
      build: (app) => {
        const { short, long } = app
          .stream(input, withNull)
          .split({ short: (word) => word !== null && word.length < 3, long: (word) => word !== null }, { name: 'by-' })
        short.to(out)
        long.to(rest)
      },
    },
    {
      name: 'repartition',
      input: words,
      build: (app) => {
        app.stream(input).repartition({ name: 'again' }).to(out)
      },
    },
    {
      name: 'repartition of changed keys and values',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .map((word, key) => [word ?? 'none', key] as const)
          .repartition({ name: 'again', partitions: 1 })
          .to(out)
      },
    },
    {
      name: 'a topic that is written and read',
      input: words,
      build: (app) => {
        const between = texts('between')
        app.stream(input).to(between)
        app
          .stream(between, withNull)
          .mapValues((word) => `${word}!`)
          .to(out)
      },
    },
    {
      name: 'toTable',
      input: words,
      build: (app) => {
        app.stream(input).toTable().toStream().to(out)
      },
    },
    {
      name: 'toTable with a store',
      input: words,
      build: (app) => {
        app.stream(input).toTable({ store: 'rows' }).toStream().to(out)
      },
    },
    {
      name: 'toTable of changed keys',
      input: words,
      build: (app) => {
        app
          .stream(input, withNull)
          .selectKey((word, key) => (word === 'is' ? null : key) as string)
          .toTable({ store: 'rows' })
          .toStream()
          .to(out)
      },
    },
    {
      name: 'a topic chosen for each record',
      input: words,
      build: (app) => {
        const bySize = (word: string | null) => (word !== null && word.length < 3 ? out : rest)
        app.stream(input, withNull).toOneOf([out, rest], bySize)
      },
    },
    {
      name: 'print',
      input: words,
      build: (app) => {
        const stream = app.stream(input, withNull)
        stream.print(() => {}, { label: 'words' })
        stream.mapValues((word) => word).print(() => {}, { name: 'printer' })
      },
    },
    {
      name: 'tombstones where callbacks are not made for them',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .mapValues((word) => `${word}!`)
          .to(out)
      },
      differs: [
        {
          in: 'topics.out',
          why: 'a tombstone does not reach a callback whose type has none',
          ours: [
            ['a', 'one!', 10, [['trace', 'x']]],
            ['b', 'is!', 5],
            [null, 'three!', 20],
            ['a', 'to be!', 25],
            ['b', '!', 40],
          ],
        },
        { in: 'dropped', why: 'such a tombstone is counted', ours: 2 },
      ],
    },
  ],
}
