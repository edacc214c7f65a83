import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import {
  FetchIsolationLevels,
  Consumer as PlatformaticConsumer,
  Producer as PlatformaticProducer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { waitFor } from '../support/wait-for.ts'

let broker: Broker
let kafka: Kafka

before(async () => {
  broker = await startBroker({ memory: true })
  kafka = new Kafka({ clientId: 'transactions', brokers: [broker.brokers], logLevel: logLevel.NOTHING })
})

after(async () => {
  await broker.close()
})

async function createTopic(topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
  await admin.disconnect()
}

async function transactional(transactionalId: string): Promise<Producer> {
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  return producer
}

/** Values of a topic that a read_committed consumer gets until it has `count`. */
async function committedValues(topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader-of-${topic}-${count}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const values: string[] = []
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value!.toString())
    },
  })
  await waitFor(`${count} values`, () => values.length >= count)
  await consumer.disconnect()
  return values.sort()
}

test('kafkajs sees committed transactions whole and aborted ones not at all', async () => {
  await createTopic('orders')
  const producer = await transactional('kafkajs-orders')
  for (let round = 0; round < 6; round++) {
    const transaction = await producer.transaction()
    await transaction.send({
      topic: 'orders',
      messages: [
        { value: `left-${round}`, partition: 0 },
        { value: `right-${round}`, partition: 1 },
      ],
    })
    if (round % 2 === 0) await transaction.commit()
    else await transaction.abort()
  }
  await producer.disconnect()
  assert.deepEqual(await committedValues('orders', 6), ['left-0', 'left-2', 'left-4', 'right-0', 'right-2', 'right-4'])
})

test('offsets that kafkajs sends in a transaction hold with its commit only', async () => {
  await createTopic('inputs')
  const admin = kafka.admin()
  await admin.connect()
  const producer = await transactional('kafkajs-offsets')
  const commit = async (offset: string, outcome: 'commit' | 'abort'): Promise<string> => {
    const transaction = await producer.transaction()
    await transaction.sendOffsets({
      consumerGroupId: 'stage',
      topics: [{ topic: 'inputs', partitions: [{ partition: 0, offset }] }],
    })
    await transaction[outcome]()
    const [fetched] = await admin.fetchOffsets({ groupId: 'stage', topics: ['inputs'] })
    return fetched!.partitions.find(({ partition }) => partition === 0)!.offset
  }
  assert.equal(await commit('5', 'commit'), '5')
  assert.equal(await commit('9', 'abort'), '5')
  assert.equal(await commit('12', 'commit'), '12')
  await producer.disconnect()
  await admin.disconnect()
})

test('a kafkajs producer is fenced by its successor', async () => {
  await createTopic('fenced')
  const first = await transactional('kafkajs-fenced')
  const open = await first.transaction()
  await open.send({ topic: 'fenced', messages: [{ value: 'lost', partition: 0 }] })
  const second = await transactional('kafkajs-fenced')
  const next = await second.transaction()
  await next.send({ topic: 'fenced', messages: [{ value: 'kept', partition: 0 }] })
  await next.commit()
  await assert.rejects(async () => {
    await open.send({ topic: 'fenced', messages: [{ value: 'zombie', partition: 0 }] })
    await open.commit()
  })
  await first.disconnect()
  await second.disconnect()
  assert.deepEqual(await committedValues('fenced', 1), ['kept'])
})

test('@platformatic/kafka produces in transactions and consumes committed records in a group', async () => {
  await createTopic('platformatic')
  const producer = new PlatformaticProducer({
    clientId: 'platformatic',
    bootstrapBrokers: [broker.brokers],
    transactionalId: 'platformatic-orders',
    idempotent: true,
    serializers: stringSerializers,
  })
  for (const outcome of ['commit', 'abort', 'commit'] as const) {
    const transaction = await producer.beginTransaction()
    await transaction.send({ messages: [{ topic: 'platformatic', key: 'k', value: outcome, partition: 0 }] })
    await transaction[outcome]()
  }
  await producer.close()
  const consumer = new PlatformaticConsumer({
    groupId: 'platformatic-readers',
    clientId: 'platformatic',
    bootstrapBrokers: [broker.brokers],
    deserializers: stringDeserializers,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
  })
  const stream = await consumer.consume({ topics: ['platformatic'], mode: 'earliest', autocommit: true })
  const values: string[] = []
  for await (const message of stream) {
    values.push(message.value)
    if (values.length === 2) break
  }
  await stream.close()
  await consumer.close(true)
  assert.deepEqual(values, ['commit', 'commit'])
})

test('a transaction that was open when the broker stopped is committed after its restart', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-transactions-'))
  const durable = { dataDir, durability: 'fsync' } as const
  let restarted = await startBroker(durable)
  const { port } = restarted
  const retry = { initialRetryTime: 50, retries: 20 }
  const client = new Kafka({ clientId: 'restart', brokers: [restarted.brokers], logLevel: logLevel.NOTHING, retry })
  try {
    const admin = client.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: 'durable', numPartitions: 1 }] })
    await admin.disconnect()
    const producer = client.producer({ transactionalId: 'durable', idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'durable', messages: [{ value: 'before' }] })
    await restarted.close()
    restarted = await startBroker({ ...durable, port })
    await transaction.send({ topic: 'durable', messages: [{ value: 'after' }] })
    await transaction.commit()
    await producer.disconnect()
    const consumer = client.consumer({ groupId: 'durable-readers', maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic: 'durable', fromBeginning: true })
    const values: string[] = []
    await consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value!.toString())
      },
    })
    await waitFor('both values', () => values.length === 2)
    await consumer.disconnect()
    assert.deepEqual(values, ['before', 'after'])
  } finally {
    await restarted.close()
    await rm(dataDir, { recursive: true, force: true })
  }
})
