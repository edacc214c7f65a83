import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { keyValueStore, type Topology, topology } from '../../index.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const others = topic('others', { key: serdes.string, value: serdes.string })

function named(build: (app: Topology) => void): Topology {
  const app = topology('app', { explicitNames: true })
  build(app)
  return app
}

test('unnamed repartition topics, stores and changelogs are refused, with a list of all', () => {
  const app = named((builder) => {
    builder
      .stream(words)
      .map((value, key) => [value, key])
      .groupByKey()
      .count()
    builder.table(others, { store: 'others' }).mapValues((value) => value, { store: 'mapped' })
  })
  assert.throws(() => app.describe(), {
    code: 'STREAMS_NAMES_MISSING',
    message: [
      'app has internal resources without a name of their own',
      ': repartition topics app-KSTREAM-AGGREGATE-STATE-STORE-0000000002-repartition',
      '; state stores KSTREAM-AGGREGATE-STATE-STORE-0000000002',
      '; changelog topics app-KSTREAM-AGGREGATE-STATE-STORE-0000000002-changelog',
    ].join(''),
  })
})

test('a store that is made only because rows are looked up needs a name, too', () => {
  const build = (store: { store?: string }) => (builder: Topology) => {
    builder.stream(words).join(builder.table(others, store), (word, other) => word + other)
  }
  assert.throws(() => named(build({})).describe(), /state stores others-STATE-STORE-0000000001/)
  named(build({ store: 'others' })).describe()
})

test('named ones pass, and steps without state need no name', () => {
  const kept = keyValueStore<string, string>({ name: 'kept' })
  named((builder) => {
    const grouped = builder
      .stream(words)
      .mapValues((value) => value.length)
      .groupBy((length) => String(length), { name: 'by-length' })
    grouped.count({ store: 'counts' })
    builder.table(others)
    builder.stream(words).process(() => ({ process() {} }), { stores: [kept] })
  }).describe()
})

test('a name that looks like one made from a position is still a name', () => {
  named((builder) => void builder.stream(words).groupByKey().count({ store: 'COUNTS-0000000009' })).describe()
})
