import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import {
  keyQuery,
  type ReadOnlyKeyValueStore,
  sessionWindow,
  type TimestampedKeyValueStore,
  type Topology,
  timestampedKeyQuery,
  topology,
  tumbling,
  windowKeyQuery,
} from '../../index.ts'
import { answerQuery } from '../../runtime/queries/answer-query.ts'
import { testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const rows = topic('rows', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function headed(build: (app: Topology) => void): Topology {
  const app = topology('headed', { storeFormat: 'headers' })
  build(app)
  return app
}

const stepping = { timestamp: 5, headers: { trace: '1' } }

test('rows of tables, windows and sessions have headers beside their values: none that steps put there', () => {
  const app = headed((building) => {
    const grouped = building.stream(words).groupByKey()
    grouped.count({ store: 'counts' })
    grouped.window(tumbling({ sizeMs: 10 })).count({ store: 'windows' })
    grouped.window(sessionWindow({ gapMs: 10 })).count({ store: 'sessions' })
  })
  for (const cacheMaxBytes of [0, 1_000_000]) {
    using driver = testDriver(app, { cacheMaxBytes })
    driver.input(words).pipe('a', 'tea', stepping)
    const row = { key: 'a', value: 1, timestamp: 5, headers: [] }
    assert.deepEqual([...driver.store('counts').all()], [row])
    assert.deepEqual(driver.store('counts').get('a'), { value: 1, timestamp: 5, headers: [] })
    assert.deepEqual([...driver.windowStore('windows').all()], [{ ...row, start: 0, end: 10 }])
    assert.deepEqual([...driver.sessionStore('sessions').all()], [{ ...row, start: 5, end: 5 }])
  }
})

test('a changelog has the headers of rows, and for deletions those of the record in hand', () => {
  const app = headed((building) => void building.table(rows, { store: 'rows' }))
  const changelog = topic('headed-rows-changelog', { key: serdes.string, value: serdes.string })
  for (const cacheMaxBytes of [0, 1_000_000]) {
    using driver = testDriver(app, { cacheMaxBytes })
    driver.input(rows).pipe('a', 'tea', stepping)
    driver.commit()
    driver.input(rows).pipe('a', null, stepping)
    driver.commit()
    assert.deepEqual(
      driver
        .output(changelog)
        .readRecords()
        .map(({ value, headers }) => [value, headers]),
      [
        ['tea', {}],
        [null, { trace: '1' }],
      ],
    )
  }
})

test('queries answer with the headers', () => {
  const app = headed((building) => {
    const grouped = building.stream(words).groupByKey()
    grouped.count({ store: 'counts' })
    grouped.window(tumbling({ sizeMs: 10 })).count({ store: 'windows' })
  })
  const { stores } = runnable(app).plan()
  using driver = testDriver(app)
  driver.input(words).pipe('a', 'tea', stepping)
  const counts = { plan: stores.get('counts')!, view: driver.store('counts') }
  assert.equal(answerQuery(counts.plan, counts.view, keyQuery('a')), 1)
  assert.deepEqual(answerQuery(counts.plan, counts.view, timestampedKeyQuery('a')), {
    value: 1,
    timestamp: 5,
    headers: [],
  })
  assert.deepEqual(answerQuery(stores.get('windows')!, driver.windowStore('windows'), windowKeyQuery('a')), [
    { key: 'a', value: 1, timestamp: 5, start: 0, end: 10, headers: [] },
  ])
})

test('rows of a global table have the headers of its topic', () => {
  const app = headed((building) => {
    building.table(rows, { store: 'rows' })
    building.globalTable(words, { store: 'global' })
  })
  using driver = testDriver(app)
  driver.input(rows).pipe('a', 'tea', stepping)
  driver.input(words).pipe('b', 'salt', stepping)
  const headers = [{ key: 'trace', value: Buffer.from('1') }]
  assert.deepEqual(driver.store('rows').get('a'), { value: 'tea', timestamp: 5, headers: [] })
  assert.deepEqual(driver.store('global').get('b'), { value: 'salt', timestamp: 5, headers })
})

test('processors that share a store of the DSL see its values', () => {
  const app = headed((building) => {
    building.globalTable(rows, { store: 'global' })
    const counts = building.stream(words).groupByKey().count({ store: 'counts' })
    counts
      .toStream()
      .process<string, string>(
        (context) => ({
          process({ key }) {
            const store = context.store<TimestampedKeyValueStore<string, number>>('counts')
            const global = context.store<ReadOnlyKeyValueStore<string, string>>('global').get(key)
            const found = [store.get(key), ...store.all()].map((row) => row?.value)
            context.forward({ key, value: `${found.join()} ${global?.value}` })
          },
        }),
        { stores: ['counts'], key: serdes.string, value: serdes.string },
      )
      .to(out)
  })
  using driver = testDriver(app)
  driver.input(rows).pipe('a', 'row', stepping)
  driver.input(words).pipe('a', 'tea', stepping)
  assert.deepEqual(driver.output(out).readAll(), [['a', '1,1 row']])
})

test('stores in memory, those of a user and those with versions are as without the format', () => {
  const app = headed((building) => {
    const grouped = building.stream(words).groupByKey()
    grouped.count({ store: 'memory', storage: 'memory' })
    grouped.reduce((all, word) => all + word, { store: 'versions', historyRetentionMs: 10 })
  })
  const { stores } = runnable(app).plan()
  assert.deepEqual(
    [...stores.values()].map(({ name, hasHeaders = false }) => [name, hasHeaders]),
    [
      ['memory', false],
      ['versions', false],
    ],
  )
})

test('what runs a topology may choose the format where the program says nothing of it', () => {
  const app = topology('either')
  app.stream(words).groupByKey().count({ store: 'counts' })
  assert.equal(runnable(app).plan({ storeFormat: 'headers' }).stores.get('counts')?.hasHeaders, true)
  assert.equal(runnable(app).plan().stores.get('counts')?.hasHeaders, undefined)
  const plain = topology('plain', { storeFormat: 'default' })
  plain.stream(words).groupByKey().count({ store: 'counts' })
  assert.equal(runnable(plain).plan({ storeFormat: 'headers' }).stores.get('counts')?.hasHeaders, undefined)
})
