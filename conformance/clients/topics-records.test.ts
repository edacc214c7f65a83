import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { Admin, Consumer, MessagesStreamModes, ProduceAcks, Producer } from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import { waitFor } from '../support/wait-for.ts'

const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

let broker: Broker
let kafka: kafkajs.Kafka

before(async () => {
  broker = await startBroker()
  kafka = new Kafka({ clientId: 'records', brokers: [broker.brokers], logLevel: logLevel.NOTHING })
})

after(async () => {
  await broker.close()
})

const platformatic = () => ({ clientId: 'records', bootstrapBrokers: [broker.brokers] })

test('kafkajs creates, describes, alters, grows and deletes a topic', async () => {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const configEntries = [{ name: 'retention.ms', value: '12345' }]
    assert.equal(await admin.createTopics({ topics: [{ topic: 'managed', numPartitions: 2, configEntries }] }), true)
    assert.equal(await admin.createTopics({ topics: [{ topic: 'managed' }] }), false)
    await admin.createPartitions({ topicPartitions: [{ topic: 'managed', count: 3 }] })
    const { topics } = await admin.fetchTopicMetadata({ topics: ['managed'] })
    assert.deepEqual(topics[0]!.partitions.map((one) => one.partitionId).sort(), [0, 1, 2])
    const resource = { type: ConfigResourceTypes.TOPIC, name: 'managed' }
    const retention = async (): Promise<string | undefined> => {
      const described = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] })
      return described.resources[0]!.configEntries.find((one) => one.configName === 'retention.ms')?.configValue
    }
    assert.equal(await retention(), '12345')
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '54321' }] }],
    })
    assert.equal(await retention(), '54321')
    await admin.deleteTopics({ topics: ['managed'] })
    assert.ok(!(await admin.listTopics()).includes('managed'))
  } finally {
    await admin.disconnect()
  }
})

for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
  test(`kafkajs reads back keys, values, headers and times it wrote (compression ${compression})`, async () => {
    const topic = `kafkajs-${compression}`
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 100 })
    await Promise.all([producer.connect(), consumer.connect()])
    try {
      const timestamp = String(Date.now() - 5000)
      const messages = Array.from({ length: 100 }, (_, index) => ({
        key: `k${index}`,
        value: `value ${index} `.repeat(20),
        headers: { trace: `t${index}` },
        timestamp,
      }))
      await producer.send({ topic, messages, compression })
      const seen: string[] = []
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        eachMessage: async ({ message }) => {
          assert.equal(message.timestamp, timestamp)
          seen.push(`${message.key}=${message.value}/${message.headers?.trace}`)
        },
      })
      await waitFor('all records', () => seen.length === messages.length)
      assert.deepEqual(seen.sort(), messages.map((one) => `${one.key}=${one.value}/${one.headers.trace}`).sort())
    } finally {
      await Promise.all([producer.disconnect(), consumer.disconnect()])
    }
  })
}

test('kafkajs seeks by time, and DeleteRecords moves where it begins', async () => {
  const topic = 'seeking'
  const admin = kafka.admin()
  const producer = kafka.producer()
  await Promise.all([admin.connect(), producer.connect()])
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    const start = Date.now() - 100_000
    for (let index = 0; index < 10; index++) {
      await producer.send({ topic, messages: [{ value: `v${index}`, timestamp: String(start + index * 1000) }] })
    }
    const [atFour] = await admin.fetchTopicOffsetsByTimestamp(topic, start + 3500)
    assert.equal(atFour!.offset, '4')
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '6' }] })
    const [offsets] = await admin.fetchTopicOffsets(topic)
    assert.deepEqual([offsets!.low, offsets!.high], ['6', '10'])
  } finally {
    await Promise.all([admin.disconnect(), producer.disconnect()])
  }
})

test('@platformatic/kafka creates topics, lists them and reads their offsets', async () => {
  const admin = new Admin(platformatic())
  try {
    const [created] = await admin.createTopics({ topics: ['platformatic-admin'], partitions: 3, replicas: 1 })
    assert.equal(created!.partitions, 3)
    assert.ok((await admin.listTopics()).includes('platformatic-admin'))
    await admin.deleteTopics({ topics: ['platformatic-admin'] })
    assert.ok(!(await admin.listTopics()).includes('platformatic-admin'))
  } finally {
    await admin.close()
  }
})

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`@platformatic/kafka reads back what it wrote with ${compression}`, async () => {
    const topic = `platformatic-${compression}`
    const admin = new Admin(platformatic())
    await admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })
    await admin.close()
    const producer = new Producer(platformatic())
    const consumer = new Consumer({ ...platformatic(), groupId: topic, maxWaitTime: 100 })
    try {
      const messages = Array.from({ length: 50 }, (_, index) => ({
        topic,
        partition: 0,
        key: Buffer.from(`k${index}`),
        value: Buffer.from(`value ${index} `.repeat(30)),
      }))
      await producer.send({ messages, compression, acks: ProduceAcks.ALL })
      const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false })
      const seen: string[] = []
      for await (const message of stream) {
        seen.push(`${String(message.key)}=${String(message.value)}`)
        if (seen.length === messages.length) break
      }
      assert.deepEqual(
        seen,
        messages.map((one) => `${String(one.key)}=${String(one.value)}`),
      )
    } finally {
      await producer.close()
      await consumer.close(true)
    }
  })
}
