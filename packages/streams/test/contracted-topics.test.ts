import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { failureHandlers, startStreams, topology } from '@millrace/streams'
import { waitUntil } from './support/kafka.ts'

const text = { key: serdes.string, value: serdes.string }

test('topics that are written are created as their contracts say', async () => {
  const order = topic('order', text)
  const enriched = topic('enriched', { ...text, partitions: 2, config: { 'cleanup.policy': 'compact' } })
  const large = topic('large', { ...text, partitions: 3 })
  const plain = topic('plain', text)
  const build = () => {
    const app = topology('enrich')
    const orders = app.stream(order)
    orders.to(enriched)
    orders.toOneOf([large, plain], (value) => (value.length > 10 ? large : plain))
    return app
  }
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: 'order', partitions: 1 }])
  await using streams = await startStreams({ topology: build, client, stateDir: 'memory' })
  await waitUntil(() => streams.state() === 'running')
  const found = await client.admin.describeTopics(['enriched', 'large', 'plain'])
  assert.deepEqual(
    found.map(({ name, partitions }) => [name, partitions.length]),
    [
      ['enriched', 2],
      ['large', 3],
      ['plain', 1],
    ],
  )
  const settings = await client.admin.describeConfigs({ topic: 'enriched' }, ['cleanup.policy'])
  assert.deepEqual(
    settings.map(({ value }) => value),
    ['compact'],
  )
})

test('who waits for topics says once which are missing, and again when others are', async () => {
  const [order, customer] = [topic('order', text), topic('customer', text)]
  const build = () => {
    const app = topology('waiting')
    app.stream(order).merge(app.stream(customer)).to(topic('out', text))
    return app
  }
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const told: unknown[] = []
  const onFailure = (message: unknown): void => {
    told.push((message as { error: { fields: { topics?: string } } }).error.fields.topics)
  }
  subscribe('millrace:streams:failure', onFailure)
  try {
    await using streams = await startStreams({ topology: build, client, stateDir: 'memory' })
    await waitUntil(() => told.length > 0)
    await client.admin.createTopics([{ name: 'order' }])
    await waitUntil(() => told.length > 1)
    assert.deepEqual(told, ['order,customer', 'customer'])
    await client.admin.createTopics([{ name: 'customer' }])
    await waitUntil(() => streams.state() === 'running')
  } finally {
    unsubscribe('millrace:streams:failure', onFailure)
  }
})

for (const [decision, topics] of [
  ['continue', []],
  ['deadLetter', ['letters-moved-repartition.dlq', 'order.dlq']],
] as const) {
  test(`the handler ${decision} makes ${topics.length === 0 ? 'no dead-letter topics' : 'one of each topic that is read'}`, async () => {
    const build = () => {
      const app = topology('letters')
      app.stream(topic('order', text)).repartition({ name: 'moved' }).to(topic('out', text))
      return app
    }
    await using broker = await startBroker({ memory: true })
    await using client = kafkaClient({ brokers: broker.brokers })
    await client.admin.createTopics([{ name: 'order' }])
    const handlers = { process: failureHandlers[decision] }
    await using streams = await startStreams({ topology: build, client, stateDir: 'memory', handlers })
    await waitUntil(() => streams.state() === 'running')
    const names = (await client.admin.listTopics()).map(({ name }) => name)
    assert.deepEqual(names.filter((name) => name.endsWith('.dlq')).toSorted(), topics)
  })
}
