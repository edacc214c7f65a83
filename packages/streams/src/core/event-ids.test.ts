// An outbox names its events in the header `id`, and inboxes let an event pass once: what streams make of an event is
// no longer that event, and may be many.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventIdOf, redriveHeaders } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { type FailedRecord, type Topology, topology } from '../index.ts'
import { type TestDriver, type TestDriverOptions, testDriver } from '../testing.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.string })
const customers = topic('customers', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

type Headers = Readonly<Record<string, string | null>>

/** The id by which an inbox knows the record; without one it knows it by its place. */
function idOf(headers: Headers): string | undefined {
  const bytes = Object.entries(headers).map(([key, value]) => ({
    key,
    value: value === null ? null : Buffer.from(value),
  }))
  return eventIdOf(bytes)?.toString()
}

function outputsOf(build: (app: Topology) => void, send: (driver: TestDriver) => void, options?: TestDriverOptions) {
  const app = topology('ids')
  build(app)
  using driver = testDriver(app, options)
  send(driver)
  return driver.output(out).readRecords()
}

function idsOf(...given: Parameters<typeof outputsOf>): (string | undefined)[] {
  return outputsOf(...given).map(({ headers }) => idOf({ ...headers }))
}

const sendOne = (headers: Headers) => (driver: TestDriver) => {
  driver.input(orders).pipe('o1', 'a b', { timestamp: 0, headers: { ...headers } as Record<string, string> })
}

test('an event as it comes from the outbox is known by its id', () => assert.equal(idOf({ id: 'e1' }), 'e1'))

test('two records made of one event are two events', () => {
  const words = (app: Topology): void =>
    app
      .stream(orders)
      .flatMapValues((value) => value.split(' '))
      .to(out)
  assert.deepEqual(idsOf(words, sendOne({ id: 'e1' })), [undefined, undefined])
  assert.deepEqual(
    outputsOf(words, sendOne({ id: 'e1', other: 'x' }))[0]?.headers,
    { id: 'e1', other: 'x', '__millrace.forwarded.id': 'e1' },
    'the headers are handed on, with the id whose it is',
  )
  assert.deepEqual(outputsOf(words, sendOne({ other: 'x' }))[0]?.headers, { other: 'x' })
})

test('so are those that a join by foreign key makes of one change, over topics of its own', () => {
  const joined = (app: Topology): void =>
    app
      .table(orders)
      .join(app.table(customers), (value, customer) => `${value} ${customer}`, { foreignKey: () => 'c1' })
      .toStream()
      .to(out)
  const found = outputsOf(joined, (driver) => {
    for (const key of ['o1', 'o2']) driver.input(orders).pipe(key, key, { timestamp: 0, headers: { id: `of ${key}` } })
    driver.input(customers).pipe('c1', 'Ann', { timestamp: 0, headers: { id: 'e9' } })
  })
  assert.deepEqual(
    found.map(({ value, headers }) => [value, idOf({ ...headers })]),
    [
      ['o1 Ann', undefined],
      ['o2 Ann', undefined],
    ],
  )
})

test('an id that a processor gives is that of the record, also behind a repartition topic', () => {
  const renamed = (app: Topology): void =>
    app
      .stream(orders)
      .processValues<string>((context) => ({
        process(record) {
          const { value, headers } = record
          const kept = headers.filter(({ key }) => key !== 'id')
          for (const [at, word] of (value ?? '').split(' ').entries()) {
            context.forward({
              ...record,
              value: word,
              headers: [...kept, { key: 'id', value: Buffer.from(`own ${at}`) }],
            })
          }
        },
      }))
      .repartition({ name: 'again' })
      .to(out)
  assert.deepEqual(idsOf(renamed, sendOne({ id: 'e1' })), ['own 0', 'own 1'])
})

test('what a stream made of an event names that event’s id no longer in the next stream, nor does its own', () => {
  const copied = (app: Topology): void => app.stream(orders).to(out)
  const [first] = outputsOf(copied, sendOne({ id: 'e1' }))
  assert.deepEqual(idsOf(copied, sendOne({ ...first!.headers })), [undefined])
  assert.deepEqual(idsOf(copied, sendOne({ ...first!.headers, id: 'own' })), [undefined])
})

test('a dead letter has the headers that the record had: it comes back as the event that it was', () => {
  const set: FailedRecord[] = []
  const fail = (): never => {
    throw new Error('not that one')
  }
  const setAside = (_error: unknown, record: FailedRecord): 'deadLetter' => {
    set.push(record)
    return 'deadLetter'
  }
  outputsOf((app) => app.stream(orders).mapValues(fail).to(out), sendOne({ id: 'e1' }), {
    handlers: { process: setAside },
  })
  assert.deepEqual(
    set.map(({ headers }) => headers.map(({ key }) => key)),
    [['id']],
  )
})

test('what came back from the dead letters of another application is passed over', () => {
  const back = (application: string, name = 'orders'): Headers => {
    const headers = redriveHeaders({ topic: name, origin: 'orders/0/4@1', application, count: 1 })
    return Object.fromEntries(headers.map(({ key, value }) => [key, value.toString()]))
  }
  const app = topology('ids')
  app.stream(orders).to(out)
  using driver = testDriver(app)
  for (const headers of [back('other'), back('ids'), back(''), back('other', 'upstream')]) sendOne(headers)(driver)
  assert.equal(driver.output(out).readRecords().length, 3)
  assert.deepEqual(driver.dropped(), { 'for-another': 1 })
})
