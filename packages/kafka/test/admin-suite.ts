import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { KafkaClient } from '@millrace/kafka'

export type Get = () => KafkaClient
export type NewTopic = (partitions?: number, config?: Record<string, string>) => Promise<string>

/** Topics, settings and offsets as the admin client has them, against any Kafka broker. */
export function registerAdminTests(client: Get, newTopic: NewTopic): void {
  test('a topic that exists is an error unless ifNotExists is given', async () => {
    const topic = await newTopic(2)
    await assert.rejects(client().admin.createTopics([{ name: topic }]), { code: 'KAFKA_TOPIC_ALREADY_EXISTS' })
    await client().admin.createTopics([{ name: topic }], { ifNotExists: true })
    const [described] = await client().admin.describeTopics([topic])
    assert.equal(described?.partitions.length, 2)
    assert.match(described?.topicId ?? '', /^[\w-]{22}$/)
    assert.ok((await client().admin.listTopics()).some(({ name }) => name === topic))
  })

  test('a deleted topic is gone, and a missing one is an error unless ifExists is given', async () => {
    const topic = await newTopic()
    await client().admin.deleteTopics([topic])
    await assert.rejects(client().admin.describeTopics([topic]), { code: 'KAFKA_UNKNOWN_TOPIC_OR_PARTITION' })
    assert.deepEqual(await client().admin.describeTopics([topic], { ifExists: true }), [])
    await assert.rejects(client().admin.deleteTopics([topic]), { code: 'KAFKA_UNKNOWN_TOPIC_OR_PARTITION' })
    await client().admin.deleteTopics([topic], { ifExists: true })
  })

  test('partitions can be added, and only added', async () => {
    const topic = await newTopic(1)
    await client().admin.createPartitions([{ topic, count: 3 }])
    assert.equal((await client().admin.describeTopics([topic]))[0]?.partitions.length, 3)
    await assert.rejects(client().admin.createPartitions([{ topic, count: 2 }]), { code: 'KAFKA_INVALID_PARTITIONS' })
  })

  test('settings are changed one by one and put back', async () => {
    const topic = await newTopic(1, { 'cleanup.policy': 'compact' })
    const { admin } = client()
    await admin.alterConfigs([{ resource: { topic }, set: { 'retention.ms': '12345' } }])
    // Brokers take a change over a moment after it was confirmed.
    const becomes = (name: string, expected: (value: string | null | undefined, isDefault?: boolean) => boolean) =>
      until(async () => {
        const [entry] = await admin.describeConfigs({ topic }, [name])
        return expected(entry?.value, entry?.isDefault)
      }, `${name} has its value`)
    await becomes('retention.ms', (value, isDefault) => value === '12345' && isDefault === false)
    await becomes('cleanup.policy', (value) => value === 'compact')
    await admin.alterConfigs([{ resource: { topic }, delete: ['retention.ms'] }])
    await becomes('retention.ms', (value) => value !== '12345')
    await becomes('cleanup.policy', (value) => value === 'compact')
  })

  test('deleted records move the beginning of the log', async () => {
    const topic = await newTopic()
    const producer = client().producer()
    await Promise.all(Array.from({ length: 10 }, () => producer.send({ topic, key: null, value: Buffer.from('x') })))
    const [deleted] = await client().admin.deleteRecords([{ topic, partition: 0, offset: 4 }])
    assert.equal(deleted?.offset, 4)
    const [earliest] = await client().admin.listOffsets([{ topic, partition: 0, at: 'earliest' }])
    assert.equal(earliest?.offset, 4)
    await producer.close()
  })

  test('offsets are found by time', async () => {
    const topic = await newTopic(1, { 'retention.ms': '-1' })
    const producer = client().producer()
    const startMs = 1_700_000_000_000
    for (let index = 0; index < 5; index++) {
      await producer.send({ topic, key: null, value: Buffer.from('x'), timestamp: startMs + index * 1_000 })
    }
    const at = { timestamp: startMs + 1_500 }
    const partition = 0
    const answers = await client().admin.listOffsets([
      { topic, partition, at },
      { topic, partition, at: 'latest' },
      { topic, partition, at: 'maxTimestamp' },
      { topic, partition, at: { timestamp: startMs + 9_000 } },
    ])
    assert.deepEqual(
      answers.map(({ offset }) => offset),
      [2, 5, 4, -1],
    )
    await producer.close()
  })

  test('the cluster describes itself', async () => {
    const { brokers, clusterId } = await client().admin.describeCluster()
    assert.equal(brokers.length, 1)
    assert.ok(clusterId.length > 0)
  })
}

export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const dueMs = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > dueMs) throw new Error(`waited in vain until ${what}`)
    await delay(20)
  }
}
