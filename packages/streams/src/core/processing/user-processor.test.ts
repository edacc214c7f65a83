import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  type FixedKeyProcessorContext,
  keyValueStore,
  type ProcessorContext,
  type ProcessorRecord,
  type ReadOnlyKeyValueStore,
  type TimestampedKeyValueStore,
  topology,
} from '../../index.ts'
import { testDriver } from '../../testing.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const counts = topic('counts', { key: serdes.string, value: serdes.json<number>() })
const others = topic('others', { key: serdes.string, value: serdes.string })
const copy = topic('copy', { key: serdes.string, value: serdes.string })
const seen = keyValueStore<string, number>({ name: 'seen' })

const countWords = (context: ProcessorContext<string, number>) => {
  const store = context.store(seen)
  return {
    process({ value }: ProcessorRecord<string, string>) {
      for (const word of value.split(' ')) {
        store.put(word, (store.get(word) ?? 0) + 1)
        context.forward({ key: word, value: store.get(word)! })
      }
    },
  }
}

test('a processor keeps state and hands on any number of records', () => {
  const app = topology('words')
  app
    .stream(words)
    .process(countWords, { stores: [seen], name: 'count' })
    .to(counts)
  using driver = testDriver(app)
  driver.input(words).pipe(null, 'to be or not to be')
  assert.deepEqual(driver.output(counts).readAll(), [
    ['to', 1],
    ['be', 1],
    ['or', 1],
    ['not', 1],
    ['to', 2],
    ['be', 2],
  ])
  assert.equal(driver.store('seen').get('to')?.value, 2)
})

test('records and stores have the time of the record in hand, unless told otherwise', () => {
  const app = topology('times')
  app
    .stream(words)
    .process(
      (context: ProcessorContext<string, number>) => {
        const store = context.store(seen)
        return {
          process({ key }) {
            store.put(key, 1)
            context.forward({ key, value: 1 })
            context.forward({ key, value: 2, timestamp: 7 })
          },
        }
      },
      { stores: [seen] },
    )
    .to(counts)
  using driver = testDriver(app)
  driver.input(words).pipe('a', 'x', { timestamp: 5 })
  assert.deepEqual(
    driver
      .output(counts)
      .readRecords()
      .map(({ value, timestamp }) => [value, timestamp]),
    [
      [1, 5],
      [2, 7],
    ],
  )
  assert.equal(driver.store('seen').get('a')?.timestamp, 5)
})

test('headers travel on, can be changed, and are the same again for the next record', () => {
  const app = topology('headers')
  app
    .stream(words)
    .process((context) => ({
      process(record) {
        context.forward({ ...record, headers: [...record.headers, { key: 'step', value: Buffer.from('1') }] })
        context.forward(record)
        context.forward({ ...record, headers: [] })
      },
    }))
    .to(copy)
  using driver = testDriver(app)
  driver.input(words).pipe('a', 'x', { headers: { trace: 't' } })
  const headers = driver
    .output(copy)
    .readRecords()
    .map((record) => record.headers)
  assert.deepEqual(headers, [{ trace: 't', step: '1' }, { trace: 't' }, {}])
})

test('what is handed on as it came is written with the bytes that it came in', () => {
  const json = serdes.json<{ a: number }>()
  const spaced = topic('spaced', { key: serdes.string, value: json })
  const written = topic('written', { key: serdes.string, value: json })
  const app = topology('bytes')
  app
    .stream(spaced)
    .process((context) => ({ process: (record) => context.forward(record) }), { value: json })
    .to(written)
  using driver = testDriver(app)
  driver.input(spaced).pipeBytes(Buffer.from('k'), Buffer.from('{ "a" :1}'))
  const raw = topic('written', { key: serdes.string, value: serdes.bytes })
  assert.equal(Buffer.from(driver.output(raw).readAll()[0]![1]!).toString(), '{ "a" :1}')
})

test('a record goes to one child by name, or to all', () => {
  const app = topology('named')
  const routed = app.stream(words).process(
    (context) => ({
      process(record) {
        if (record.value === 'left' || record.value === 'right') context.forward(record, { to: record.value })
        else context.forward(record)
      },
    }),
    { name: 'route' },
  )
  routed.mapValues((word) => `${word} to the left`, { name: 'left' }).to(others)
  routed.mapValues((word) => `${word} to the right`, { name: 'right' }).to(copy)
  using driver = testDriver(app)
  for (const word of ['left', 'right', 'both']) driver.input(words).pipe('k', word)
  assert.deepEqual(driver.output(copy).readAll(), [
    ['k', 'right to the right'],
    ['k', 'both to the right'],
  ])
})

test('a child that is none is named, whatever the handler says', () => {
  const app = topology('unknown-child')
  app
    .stream(words)
    .process((context) => ({ process: (record) => context.forward(record, { to: 'nobody' }) }))
    .to(copy)
  using driver = testDriver(app, { handlers: { process: () => 'continue' } })
  assert.throws(() => driver.input(words).pipe('k', 'v'), {
    code: 'STREAMS_CHILD_UNKNOWN',
    message: /handed a record to 'nobody', which does not follow it: KSTREAM-SINK-0000000002 does/,
  })
})

test('a store that the step is not connected to is refused', () => {
  const app = topology('unconnected')
  app.stream(words).process(countWords, { name: 'count' }).to(counts)
  assert.throws(() => testDriver(app), {
    code: 'STREAMS_STORE_NOT_CONNECTED',
    message: /count is not connected to store 'seen'/,
  })
})

test('a supplier may bring its stores, and processors share one by declaring the same', () => {
  const brings = { stores: [seen], create: countWords }
  const app = topology('brings')
  app.stream(words).process(brings, { name: 'first' }).to(counts)
  app.stream(copy).process(brings, { name: 'second' }).to(counts)
  using driver = testDriver(app)
  driver.input(words).pipe('k', 'a')
  driver.input(copy).pipe('k', 'a')
  assert.deepEqual(driver.output(counts).readAll(), [
    ['a', 1],
    ['a', 2],
  ])
  assert.match(driver.describe(), /Processor: first \(stores: \[seen\]\)/)
})

test('two stores of one name are refused', () => {
  const other = keyValueStore<string, string>({ name: 'seen' })
  const app = topology('twice')
  app
    .stream(words)
    .process(countWords, { stores: [seen, other] })
    .to(counts)
  assert.throws(() => testDriver(app), {
    code: 'STREAMS_TOPOLOGY_INVALID',
    message: /two steps keep a store named 'seen'/,
  })
})

test('the store of a table can be read by its name', () => {
  const app = topology('by-name')
  app.table(counts, { store: 'counts' })
  app
    .stream(words)
    .processValues(
      (context: FixedKeyProcessorContext<string, string>) => {
        const rows = context.store<TimestampedKeyValueStore<string, number>>('counts')
        return {
          process(record) {
            context.forward({
              ...record,
              value: `${rows.get(record.key)?.value} at ${rows.get(record.key)?.timestamp}`,
            })
          },
        }
      },
      { stores: ['counts'] },
    )
    .to(copy)
  using driver = testDriver(app)
  driver.input(counts).pipe('k', 3, { timestamp: 4 })
  driver.input(words).pipe('k', 'v')
  assert.deepEqual(driver.output(copy).readAll(), [['k', '3 at 4']])
})

test('a global table is read by the name of its store, without being connected', () => {
  const app = topology('global')
  app.globalTable(counts, { store: 'counts' })
  app
    .stream(words)
    .process((context: ProcessorContext<string, string>) => {
      const rows = context.store<ReadOnlyKeyValueStore<string, number>>('counts')
      return { process: ({ key, value }) => context.forward({ key, value: String(rows.get(value)?.value) }) }
    })
    .to(copy)
  using driver = testDriver(app)
  driver.input(counts).pipe('five', 5)
  driver.input(words).pipe('k', 'five')
  assert.deepEqual(driver.output(copy).readAll(), [['k', '5']])
})

test('processValues keeps keys, at the latest when it runs', () => {
  const app = topology('fixed')
  app
    .stream(words)
    .processValues((context) => ({
      process(record) {
        if (record.value === 'cheat') context.forward({ ...record, key: 'other' })
        else context.forward(record)
      },
    }))
    .groupByKey()
    .count({ store: 'count' })
  using driver = testDriver(app)
  driver.input(words).pipe('k', 'fair')
  assert.equal(driver.store('count').get('k')?.value, 1)
  assert.ok(!driver.describe().includes('repartition'))
  assert.throws(() => driver.input(words).pipe('k', 'cheat'), { message: /keeps keys/ })
})

test('what process hands on is repartitioned before it is grouped', () => {
  const app = topology('regroup')
  app
    .stream(words)
    .process((context) => ({ process: (record) => context.forward(record) }))
    .groupByKey()
    .count({ store: 'n' })
  assert.match(app.describe(), /n-repartition/)
})

test('processors begin before the first record and end with the driver', () => {
  const events: string[] = []
  const app = topology('life')
  app.stream(words).process((context) => {
    events.push(`begin ${context.applicationId} ${context.taskId} ${context.source?.topic}`)
    return {
      process: () => {
        events.push(`${context.source?.topic}-${context.source?.partition}@${context.source?.offset}`)
      },
      close: () => {
        events.push('end')
        assert.throws(() => context.forward({ key: 'k', value: 'v' }), TypeError)
      },
    }
  })
  const driver = testDriver(app)
  assert.deepEqual(events, ['begin life 0_0 undefined'])
  driver.input(words).pipe('k', 'v')
  driver.close()
  assert.deepEqual(events.slice(1), ['words-0@0', 'end'])
})

test('a processor may delete what it iterates', () => {
  const app = topology('drain')
  app
    .stream(words)
    .process(
      (context: ProcessorContext<string, number>) => {
        const store = context.store(seen)
        return {
          process({ key, value }) {
            if (value !== 'drain') return store.put(key, value.length)
            for (const { key: kept, value: length } of store.all()) {
              store.delete(kept)
              context.forward({ key: kept, value: length })
            }
          },
        }
      },
      { stores: [seen] },
    )
    .to(counts)
  using driver = testDriver(app)
  for (const word of ['a', 'b', 'c']) driver.input(words).pipe(word, word)
  driver.input(words).pipe('x', 'drain')
  assert.deepEqual(driver.output(counts).readAll(), [
    ['a', 1],
    ['b', 1],
    ['c', 1],
  ])
  assert.deepEqual([...driver.store('seen').all()], [])
})

test('tombstones come where the type has them, and are dropped and counted otherwise', () => {
  const values: (string | null)[] = []
  const app = topology('tombstones')
  app.stream(words, { tombstones: true }).process(() => ({ process: ({ value }) => void values.push(value) }))
  app.stream(copy).process(() => ({ process: ({ value }) => void values.push(value) }))
  using driver = testDriver(app)
  driver.input(words).pipe('k', null)
  driver.input(copy).pipe('k', null)
  assert.deepEqual(values, [null])
  assert.deepEqual(driver.dropped(), { 'null-value': 1 })
})

test('a failure in a processor goes to the handler with the name of its step', () => {
  const app = topology('failing')
  app.stream(words).process(
    (context) => ({
      process(record) {
        if (record.value === 'bad') throw new Error('no such word')
        context.forward(record)
      },
    }),
    { name: 'picky' },
  )
  using driver = testDriver(app, { handlers: { process: () => 'deadLetter' } })
  driver.input(words).pipe('k', 'bad')
  const [letter] = driver.deadLetters()
  assert.deepEqual([letter?.node, letter?.stage, letter?.offset], ['picky', 'process', 0])
})

test('a processor that returns a promise is refused', () => {
  const app = topology('async')
  app.stream(words).process(() => ({ process: async () => {} }))
  using driver = testDriver(app)
  assert.throws(() => driver.input(words).pipe('k', 'v'), { code: 'STREAMS_PROMISE_RETURNED' })
})
