import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { failureHandlers, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'
import { memoryStores } from '../stores/memory-store.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.json<{ country: string | null }>() })
const countries = topic('countries', { key: serdes.string, value: serdes.json<{ vat: number }>() })
const out = topic('out', { key: serdes.string, value: serdes.string })

function program(kind: 'join' | 'leftJoin') {
  return () => {
    const app = topology('shop')
    const table = app.globalTable(countries, { store: 'countries' })
    const options = { mapKey: (o: { country: string | null }) => o.country }
    const text = (row: { vat: number } | null, key: string, mapped: string | null): string =>
      `${key}/${mapped}: ${row?.vat ?? 'none'}`
    const stream = app.stream(orders)
    const joined =
      kind === 'join'
        ? stream.join(table, (_order, row, key, mapped) => text(row, key, mapped), options)
        : stream.leftJoin(table, (_order, row, key, mapped) => text(row, key, mapped), options)
    joined.to(out)
    return app
  }
}

test('a stream finds the row under the key that it makes, and keeps its own', () => {
  using driver = testDriver(program('join'))
  driver.input(countries).pipe('AT', { vat: 20 }, { timestamp: 500 })
  driver.input(orders).pipe('o-1', { country: 'AT' }, { timestamp: 1 })
  driver.input(orders).pipe('o-2', { country: 'XX' })
  assert.deepEqual(
    driver
      .output(out)
      .readRecords()
      .map(({ key, value, timestamp }) => [key, value, timestamp]),
    // The row is later than the record: global tables are not synchronised in time with the stream.
    [['o-1', 'o-1/AT: 20', 1]],
  )
  assert.deepEqual(driver.store('countries').get('AT'), { value: { vat: 20 }, timestamp: 500 })
  driver.input(countries).pipe('AT', null)
  driver.input(orders).pipe('o-3', { country: 'AT' })
  assert.deepEqual(driver.output(out).readAll(), [])
})

test('a left join has null for rows that are not there, and for keys to look up that are null', () => {
  using driver = testDriver(program('leftJoin'))
  driver.input(orders).pipe('o-1', { country: 'AT' })
  driver.input(orders).pipe(null, { country: null })
  driver.input(orders).pipe('o-2', { country: null })
  driver.input(orders).pipe('o-3', null)
  assert.deepEqual(driver.output(out).readAll(), [
    ['o-1', 'o-1/AT: none'],
    [null, 'null/null: none'],
    ['o-2', 'o-2/null: none'],
  ])
  assert.deepEqual(driver.dropped(), { 'null-value': 1 })
})

test('records of the table without key are left out, and undecodable ones fail unless the handler lets them pass', () => {
  using driver = testDriver(program('join'))
  driver.input(countries).pipe(null, { vat: 1 })
  assert.deepEqual(driver.dropped(), { 'null-key': 1 })
  const broken = Buffer.from('{')
  assert.throws(() => driver.input(countries).pipeBytes(Buffer.from('AT'), broken), {
    code: 'STREAMS_DESERIALIZE_FAILED',
    message: /countries-0 at offset 1/,
  })
  using lenient = testDriver(program('join'), { handlers: { deserialize: failureHandlers.continue } })
  lenient.input(countries).pipeBytes(Buffer.from('AT'), broken)
  assert.deepEqual(lenient.dropped(), { skipped: 1 })
})

test('rows outlive the driver that read them', () => {
  const stores = memoryStores()
  {
    using driver = testDriver(program('join'), { stores })
    driver.input(countries).pipe('AT', { vat: 20 })
  }
  using driver = testDriver(program('join'), { stores })
  driver.input(orders).pipe('o-1', { country: 'AT' })
  assert.deepEqual(driver.output(out).readAll(), [['o-1', 'o-1/AT: 20']])
})

test('a global table is a sub-topology of its own, makes no task and has no changelog', () => {
  const app = program('join')()
  assert.equal(
    app.describe(),
    `Topologies:
   Sub-topology: 0 for global store (will not generate tasks)
    Source: KSTREAM-SOURCE-0000000000 (topics: [countries])
      --> KTABLE-SOURCE-0000000001
    Processor: KTABLE-SOURCE-0000000001 (stores: [countries])
      --> none
      <-- KSTREAM-SOURCE-0000000000
  Sub-topology: 1
    Source: KSTREAM-SOURCE-0000000002 (topics: [orders])
      --> KSTREAM-LEFTJOIN-0000000003
    Processor: KSTREAM-LEFTJOIN-0000000003 (stores: [])
      --> KSTREAM-SINK-0000000004
      <-- KSTREAM-SOURCE-0000000002
    Sink: KSTREAM-SINK-0000000004 (topic: out)
      <-- KSTREAM-LEFTJOIN-0000000003

`,
  )
})

test('a topic is either a global table or something else, and the key to look up must be said', () => {
  const app = topology('shop')
  app.globalTable(countries)
  app.stream(countries).to(countries)
  assert.throws(() => app.describe(), { code: 'STREAMS_TOPOLOGY_INVALID', message: /countries/ })
  const other = topology('shop')
  const table = other.globalTable(countries)
  assert.throws(() => other.stream(orders).join(table, (o) => o, {} as never), { message: /mapKey/ })
})
