import { serdes } from '@millrace/contracts'
import {
  type FixedKeyProcessorContext,
  keyValueStore,
  keyValueStoreWithHeaders,
  type ProcessorContext,
  type PunctuationOptions,
  type TimestampExtractor,
  type TimestampedKeyValueStore,
  type Topology,
  timestampExtractors,
  timestampedKeyValueStore,
} from '../../../src/index.ts'
import { numbers, texts } from '../contracts.ts'
import { advance, record, type ScenarioGroup } from '../scenario.ts'

const input = texts('in')
const others = texts('others')
const out = texts('out')
const rest = texts('rest')
const counted = numbers('counted')
const seen = timestampedKeyValueStore<string, number>({ name: 'seen' })
const plain = keyValueStore<string, string>({ name: 'plain', value: serdes.string })

/** Headers, out of order, no key. */
const words = [
  record(input, 'a', 'one two', 10, { trace: 'x' }),
  record(input, 'b', 'two', 5),
  record(input, 'a', 'two three', 7),
  record(input, null, 'four', 20),
  record(input, 'b', 'one', 25, { trace: 'y', span: 'z' }),
]

const ticks = [12, 13, 19, 20, 57, 59, 5, 60, 61, 200].map((time) => record(input, 'k', String(time), time))
const moves = [
  advance(4),
  advance(1),
  advance(20),
  record(input, 'k', 'v', 1_000),
  advance(7),
  advance(3),
  advance(100),
]

const headed = keyValueStoreWithHeaders<string, string>({ name: 'headed', value: serdes.string })

const times = [
  record(input, 'a', 'before', 1),
  record(input, 'a', 'one', 5),
  record(input, 'b', 'before', 500),
  record(input, 'b', 'never', 6),
  record(others, 'a', 'x', 9),
  record(others, 'a', 'y', 3),
  record(input, 'a', 'two', 4),
]

/** Counts words. */
function counter(context: ProcessorContext<string, number>, counted: (word: string, count: number) => void) {
  const store = context.store(seen)
  return {
    process({ value }: { value: string }) {
      for (const word of value.split(' ')) {
        const count = (store.get(word)?.value ?? 0) + 1
        store.put(word, count)
        counted(word, count)
      }
    },
  }
}

const countWords = (context: ProcessorContext<string, number>) =>
  counter(context, (key, value) => context.forward({ key, value }))

/** Hands on the time of every call, until it has been called for `limit` times. */
function callsOf(app: Topology, options: PunctuationOptions, limit = Number.POSITIVE_INFINITY): void {
  app
    .stream(input)
    .process((context: ProcessorContext<string, number>) => {
      let calls = 0
      const called = context.schedule(options, (timestamp) => {
        calls++
        if (calls === limit) called.cancel()
        context.forward({ key: `call ${calls}`, value: timestamp, timestamp })
      })
      return { process() {} }
    })
    .to(counted)
}

export const processors: ScenarioGroup = {
  name: 'processors',
  javaClass: 'Processors',
  scenarios: [
    {
      name: 'records with times and headers of their own',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .process((context: ProcessorContext<string, string>) => ({
            process(record) {
              const { topic, partition, offset } = context.source!
              const headers = [...record.headers, { key: 'at', value: Buffer.from(`${topic}-${partition}@${offset}`) }]
              context.forward({ ...record, headers })
              context.forward({ ...record, timestamp: record.timestamp + 1 })
              context.forward({ key: 'none', value: record.value, headers: [] })
            },
          }))
          .to(out)
      },
    },
    {
      name: 'a store, and what is handed on is grouped',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .process(countWords, { stores: [seen], value: serdes.json<number>() })
          .groupByKey()
          .count({ store: 'updates' })
          .to(counted)
      },
    },
    {
      name: 'a store that the supplier brings, in a step with a name',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .process({ stores: [seen], create: countWords }, { name: 'count-words' })
          .filter((count) => count > 1)
          .to(counted)
      },
    },
    {
      name: 'processValues keeps the key, so that a group needs no repartition topic',
      input: words,
      build: (app) => {
        app
          .stream(input)
          .processValues(
            (context: FixedKeyProcessorContext<string, number>) => {
              const store = context.store<TimestampedKeyValueStore<string, number>>('seen')
              return {
                process(record) {
                  const before = record.key === null ? undefined : store.get(record.key)
                  if (record.key !== null) store.put(record.key, record.value.length)
                  context.forward({ ...record, value: record.value.length - (before?.value ?? 0) })
                },
              }
            },
            { stores: [seen, 'seen'] },
          )
          .groupByKey({ value: serdes.json<number>() })
          .reduce((a, b) => a + b, { store: 'sums' })
          .to(counted)
      },
    },
    {
      name: 'children by name',
      input: words,
      build: (app) => {
        const routed = app.stream(input).process(
          (context: ProcessorContext<string, string>) => ({
            process(record) {
              if (record.value.includes('two')) context.forward(record, { to: 'twos' })
              else if (record.key === 'b') context.forward(record, { to: 'rest-sink' })
              else context.forward(record)
            },
          }),
          { name: 'route' },
        )
        routed.mapValues((value) => value.toUpperCase(), { name: 'twos' }).to(out)
        routed.to(rest, { name: 'rest-sink' })
      },
    },
    {
      name: 'deletes, puts if absent, and what a plain store logs',
      input: [...words, record(input, 'a', 'drain', 30), record(input, 'b', 'three', 2)],
      build: (app) => {
        app
          .stream(input)
          .process(
            (context: ProcessorContext<string, string>) => {
              const store = context.store(plain)
              return {
                process({ key, value }) {
                  if (value !== 'drain') {
                    const before = store.putIfAbsent(key ?? 'no key', value)
                    return context.forward({ key, value: before ?? 'new' })
                  }
                  for (const entry of store.all()) {
                    store.delete(entry.key)
                    context.forward(entry)
                  }
                },
              }
            },
            { stores: [plain] },
          )
          .to(out)
      },
      differs: [
        {
          in: 'stores.plain',
          ours: [{ key: 'b', value: 'three', timestamp: 2 }],
          why: 'every store keeps the time of its values here, and says it',
        },
      ],
    },
    {
      name: 'calls by stream time',
      input: [advance(100), ...ticks],
      build: (app) => callsOf(app, { everyMs: 10, by: 'streamTime' }),
    },
    {
      name: 'calls by stream time from a start on',
      input: ticks,
      build: (app) => callsOf(app, { everyMs: 10, by: 'streamTime', startMs: 25 }),
    },
    {
      name: 'calls by the wall clock',
      startMs: 103,
      input: moves,
      build: (app) => callsOf(app, { everyMs: 5, by: 'wallClock' }),
    },
    {
      name: 'calls by the wall clock from a start to come',
      startMs: 103,
      input: moves,
      build: (app) => callsOf(app, { everyMs: 5, by: 'wallClock', startMs: 120 }),
    },
    {
      name: 'calls by the wall clock from a start that has passed',
      startMs: 103,
      input: moves,
      build: (app) => callsOf(app, { everyMs: 5, by: 'wallClock', startMs: 51 }),
    },
    {
      name: 'calls until they are cancelled',
      input: ticks,
      build: (app) => callsOf(app, { everyMs: 10, by: 'streamTime' }, 3),
    },
    {
      name: 'a call that empties a store',
      input: [...words, advance(10), record(input, 'c', 'one', 40), advance(10)],
      build: (app) => {
        app
          .stream(input)
          .process(
            (context: ProcessorContext<string, number>) => {
              const store = context.store(seen)
              context.schedule({ everyMs: 10, by: 'wallClock' }, (timestamp) => {
                for (const { key, value } of store.all()) {
                  context.forward({ key, value, timestamp })
                  store.delete(key)
                }
              })
              return counter(context, () => {})
            },
            { stores: [seen] },
          )
          .to(counted)
      },
    },
    {
      name: 'a store with headers',
      input: [...words, record(input, 'a', 'read', 40, { asked: 'now' }), record(input, 'b', 'forget', 50)],
      build: (app) => {
        app
          .stream(input)
          .process(
            (context: ProcessorContext<string, string>) => {
              const store = context.store(headed)
              return {
                process({ key, value }) {
                  const found = store.get(key ?? 'none')
                  if (value === 'read' && found) context.forward({ key, ...found })
                  else store.put(key ?? 'none', value === 'forget' ? null : value)
                },
              }
            },
            { stores: [headed] },
          )
          .to(out)
      },
    },
    {
      name: 'a table restored from its topic',
      topology: { optimize: ['reuse.ktable.source.topics'] },
      properties: { 'topology.optimization': 'reuse.ktable.source.topics' },
      input: [record(others, 'a', 'row', 1), ...words, record(others, 'a', null, 2)],
      build: (app) => {
        app
          .stream(input)
          .join(app.table(others, { store: 'rows' }), (word, row) => `${word} ${row}`)
          .to(out)
        app.table(rest).filter((value) => value.length > 3, { store: 'long' })
      },
    },
    {
      name: 'times that are extracted',
      input: times,
      build: (app) => {
        const timestamp: TimestampExtractor<string, string> = ({ value, timestamp: own }, { partitionTimeMs }) =>
          value === 'before' ? partitionTimeMs - 1 : value === 'never' ? -5 : own + 1_000
        app.stream(input, { timestamp }).to(out)
        app.stream(others, { timestamp: timestampExtractors.skipInvalid }).groupByKey().count({ store: 'counts' })
      },
    },
    {
      name: 'a graph written by hand, whose processors share a store',
      input: [...words, record(others, 'x', 'two two', 3), record(input, 'a', 'two', 50)],
      build: (app) => {
        const one = app.processor('count-in', countWords, { from: app.source('source-in', input), stores: [seen] })
        const other = app.processor('count-others', countWords, {
          from: app.source('source-others', others),
          stores: [seen],
        })
        app.sink('sink', counted, { from: [one, other] })
      },
    },
  ],
}
