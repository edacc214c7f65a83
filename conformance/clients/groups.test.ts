import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { Kafka, logLevel } from 'kafkajs'
import { waitFor } from '../support/wait-for.ts'

let broker: Broker
let kafka: Kafka

before(async () => {
  broker = await startBroker({ memory: true })
  kafka = new Kafka({ clientId: 'groups', brokers: [broker.brokers], logLevel: logLevel.NOTHING })
})

after(async () => {
  await broker.close()
})

async function createTopic(topic: string, numPartitions: number): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  await admin.disconnect()
}

async function send(topic: string, messages: { key: string; value: string }[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages })
  await producer.disconnect()
}

test('a kafkajs group of two shares the partitions, and the one that stays gets all of them', async () => {
  await createTopic('shared', 4)
  const seen = new Map<string, string>()
  const owned = new Map<string, number[]>()
  const member = async (name: string): Promise<{ stop(): Promise<void> }> => {
    const consumer = kafka.consumer({
      groupId: 'sharing',
      sessionTimeout: 10_000,
      heartbeatInterval: 200,
      maxWaitTimeInMs: 100,
    })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      owned.set(name, payload.memberAssignment.shared ?? [])
    })
    await consumer.connect()
    await consumer.subscribe({ topic: 'shared', fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        seen.set(message.value!.toString(), name)
      },
    })
    return { stop: () => consumer.disconnect() }
  }
  const one = await member('one')
  const two = await member('two')
  try {
    await waitFor('both to own two partitions', () => owned.get('one')?.length === 2 && owned.get('two')?.length === 2)
    const all = [...owned.get('one')!, ...owned.get('two')!].sort()
    assert.deepEqual(all, [0, 1, 2, 3])
    const messages = Array.from({ length: 200 }, (_, index) => ({ key: `k${index}`, value: `v${index}` }))
    await send('shared', messages)
    await waitFor('all messages', () => seen.size === 200)
    assert.deepEqual(new Set(seen.values()), new Set(['one', 'two']))
    await two.stop()
    await waitFor('the rest to own all', () => owned.get('one')?.length === 4)
  } finally {
    await one.stop()
  }
})

test('a kafkajs consumer goes on from its committed offset', async () => {
  await createTopic('resumed', 1)
  await send('resumed', [{ key: 'a', value: '1' }])
  const readOne = async (): Promise<string> => {
    const consumer = kafka.consumer({ groupId: 'resuming', maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic: 'resumed', fromBeginning: true })
    const value = await new Promise<string>((resolve, reject) => {
      consumer.run({ eachMessage: async ({ message }) => resolve(message.value!.toString()) }).catch(reject)
    })
    await consumer.disconnect()
    return value
  }
  assert.equal(await readOne(), '1')
  await send('resumed', [{ key: 'a', value: '2' }])
  assert.equal(await readOne(), '2')
})

test('kafkajs describes, lists, resets and deletes groups', async () => {
  await createTopic('administered', 2)
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.setOffsets({ groupId: 'managed', topic: 'administered', partitions: [{ partition: 0, offset: '0' }] })
    const offsets = await admin.fetchOffsets({ groupId: 'managed', topics: ['administered'] })
    assert.deepEqual(offsets[0]!.partitions.map(({ partition, offset }) => [partition, offset]).sort(), [
      [0, '0'],
      [1, '-1'],
    ])
    const { groups } = await admin.listGroups()
    assert.ok(groups.some(({ groupId }) => groupId === 'managed'))
    const described = await admin.describeGroups(['managed'])
    assert.equal(described.groups[0]!.state, 'Empty')
    await admin.deleteGroups(['managed'])
    assert.ok(!(await admin.listGroups()).groups.some(({ groupId }) => groupId === 'managed'))
  } finally {
    await admin.disconnect()
  }
})
