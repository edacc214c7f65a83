import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { type Serde, serdes, topic } from '@millrace/contracts'
import { notReady } from '@millrace/contracts/internal'
import { kafkaClient } from '@millrace/kafka'
import { startStreams, topology } from '@millrace/streams'
import { testDriver } from '@millrace/streams/testing'
import { committedRecords, waitUntil } from './support/kafka.ts'

/** A serde that lacks a schema when it is first asked in either direction, and has it a little later. */
function lackingAtFirst<T>(serde: Serde<T>, lacks: { readonly serialize?: boolean; readonly deserialize?: boolean }) {
  const seen = { refusals: 0 }
  let isHere = false
  const ask = (isAsked: boolean | undefined): void => {
    if (isHere || !isAsked) return
    seen.refusals++
    const ready = new Promise<void>((resolve) => setTimeout(resolve, 30))
    void ready.then(() => {
      isHere = true
    })
    throw notReady('the schema is on its way', ready)
  }
  const lacking: Serde<T> = {
    name: 'lacking',
    serialize(value) {
      ask(lacks.serialize)
      return serde.serialize(value)
    },
    deserialize(bytes) {
      ask(lacks.deserialize)
      return serde.deserialize(bytes)
    },
  }
  return { serde: lacking, seen }
}

const numbers = topic('numbers', { key: serdes.string, value: serdes.json<number>() })
const first = topic('first', { key: serdes.string, value: serdes.json<number>() })

const json = serdes.json<number>()
const cases = {
  'an input is read': () => {
    const { serde, seen } = lackingAtFirst(json, { deserialize: true })
    const app = topology('waits')
    app
      .stream(topic('numbers', { key: serdes.string, value: serde }))
      .mapValues((n) => n * 2)
      .to(first)
    return { app, seen, outputs: { first: [2, 4, 6] } }
  },
  'the time of an input is extracted': () => {
    const { serde, seen } = lackingAtFirst(json, { deserialize: true })
    const app = topology('waits')
    app
      .stream(topic('numbers', { key: serdes.string, value: serde }), { timestamp: ({ value }) => value as number })
      .to(first)
    return { app, seen, outputs: { first: [1, 2, 3] } }
  },
  'a global table is loaded': () => {
    const { serde, seen } = lackingAtFirst(json, { deserialize: true })
    const app = topology('waits')
    const rows = app.globalTable(topic('second', { key: serdes.string, value: serde }), { store: 'rows' })
    app
      .stream(numbers)
      .join(rows, (n, row) => n * row, { mapKey: () => 'k' })
      .to(first)
    return { app, seen, outputs: { first: [10, 20, 30] } }
  },
  'an output is written behind another one': () => {
    const { serde, seen } = lackingAtFirst(json, { serialize: true })
    const app = topology('waits')
    const doubled = app.stream(numbers).mapValues((n) => n * 2)
    doubled.to(first)
    doubled.to(topic('second', { key: serdes.string, value: serde }))
    return { app, seen, outputs: { first: [2, 4, 6], second: [2, 4, 6] } }
  },
  'a store is written down by a commit': () => {
    const { serde, seen } = lackingAtFirst(json, { serialize: true })
    const app = topology('waits')
    const stream = app.stream(numbers)
    stream.to(first)
    stream.groupByKey().reduce((a, b) => a + b, { store: 'sums', value: serde })
    return { app, seen, outputs: { first: [1, 2, 3] } }
  },
}

for (const [when, make] of Object.entries(cases)) {
  test(`a schema that has not come when ${when} is waited for: every result is there, once`, async () => {
    const { app, seen, outputs } = make()
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics(['numbers', 'first', 'second'].map((name) => ({ name, partitions: 1 })))
    await using producer = client.producer()
    if (when.includes('global')) {
      await producer.send({ topic: 'second', key: Buffer.from('k'), value: Buffer.from('10') })
    }
    const options = { topology: app, brokers: broker.brokers, stateDir: 'memory', commitIntervalMs: 20 }
    await using streams = await startStreams(options)
    for (const value of [1, 2, 3])
      await producer.send({ topic: 'numbers', key: Buffer.from('k'), value: Buffer.from(String(value)) })
    for (const [name, expected] of Object.entries(outputs)) {
      await waitUntil(async () => (await committedRecords(client, name, 1)).length >= expected.length)
      assert.deepEqual(
        (await committedRecords(client, name, 1)).map(({ value }) => value),
        expected,
      )
    }
    await waitUntil(() => seen.refusals > 0)
    assert.equal(streams.state(), 'running')
  })
}

test('the topology test driver waits for nobody: it says what is missing', () => {
  const { serde } = lackingAtFirst(json, { deserialize: true })
  const lacking = topic('numbers', { key: serdes.string, value: serde })
  const app = topology('waits')
  app
    .stream(lacking)
    .mapValues((n) => n * 2)
    .to(first)
  using driver = testDriver(app)
  assert.throws(() => driver.input(lacking).pipe('k', 1), { code: 'CONTRACT_NOT_READY' })
})
