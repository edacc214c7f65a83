import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, seededRandom, sleep } from '@millrace/base'
import { decodedRecords, type KafkaClient, kafkaClient } from '@millrace/kafka'
import { apis, ErrorCode, type ProduceRequest } from '@millrace/protocol'
import { type MemoryBroker, memoryBroker } from './memory-broker.ts'
import { virtually } from './virtual-run.ts'

interface Setting {
  readonly clock: Clock
  readonly broker: MemoryBroker
  readonly client: KafkaClient
}

/** One topic `t` with one partition, virtual time. */
function setting(work: (setting: Setting) => Promise<void>, transactionVersion: 1 | 2 = 2): Promise<void> {
  return virtually(async (clock) => {
    const random = seededRandom(1)
    const broker = memoryBroker({ clock, random, transactionVersion })
    const client = kafkaClient({ brokers: 'broker:9092', transport: broker.transport, clock, random })
    await client.admin.createTopics([{ name: 't' }])
    await work({ clock, broker, client })
    await client.close()
  })
}

/** Answers the next `times` Produce requests with an error instead of serving them. */
function refuseProduce(broker: MemoryBroker, errorCode: number, times = 1): void {
  let left = times
  broker.core.intercept(apis.Produce.key, ({ body }) => {
    if (left-- <= 0) return undefined
    const responses = (body as ProduceRequest).topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
    }))
    return { kind: 'respond', body: { responses } }
  })
}

function refuse(broker: MemoryBroker, api: { readonly key: number }, errorCode: number, times = 1): void {
  let left = times
  broker.core.intercept(api.key, () => (left-- > 0 ? { kind: 'respond', body: { errorCode } } : undefined))
}

async function values(client: KafkaClient): Promise<string[]> {
  await using consumer = client.consumer()
  const partitions = [{ topic: 't', partition: 0 }]
  const end = (await consumer.endOffsets(partitions))[0]?.offset ?? 0
  consumer.assign(partitions)
  const found: string[] = []
  while ((consumer.position({ topic: 't', partition: 0 }) ?? 0) < end) {
    for (const fetched of await consumer.poll({ timeoutMs: 1_000 })) {
      for (const { value } of decodedRecords(fetched)) found.push(String(value))
    }
  }
  return found
}

const record = (text: string) => ({ topic: 't', partition: 0, key: null, value: Buffer.from(text) })

for (const name of [
  'NOT_LEADER_OR_FOLLOWER',
  'NOT_ENOUGH_REPLICAS',
  'UNKNOWN_TOPIC_ID',
  'KAFKA_STORAGE_ERROR',
] as const) {
  test(`${name} for a batch is retried until it is over`, () =>
    setting(async ({ broker, client }) => {
      const producer = client.producer()
      refuseProduce(broker, ErrorCode[name], 3)
      assert.deepEqual(await producer.send(record('a')), { partition: 0, offset: 0 })
      assert.deepEqual(await values(client), ['a'])
    }))
}

test('a broker that has lost the producer is told a new epoch, and the batch is written once', () =>
  setting(async ({ broker, client }) => {
    const producer = client.producer()
    await producer.send(record('a'))
    const before = producer.identity
    refuseProduce(broker, ErrorCode.UNKNOWN_PRODUCER_ID)
    await Promise.all(['b', 'c', 'd'].map((text) => producer.send(record(text))))
    assert.equal(producer.identity?.producerId, before?.producerId)
    assert.equal(producer.identity?.producerEpoch, (before?.producerEpoch ?? 0) + 1)
    await producer.send(record('e'))
    assert.deepEqual(await values(client), ['a', 'b', 'c', 'd', 'e'])
  }))

for (const version of [1, 2] as const) {
  test(`a gap in the sequences makes the transaction abortable, and the next one begins afresh, version ${version}`, () =>
    setting(async ({ broker, client }) => {
      const producer = client.producer({ transactionalId: 'x' })
      await producer.init()
      producer.begin()
      await producer.send(record('a'))
      const epoch = producer.identity?.producerEpoch ?? 0
      refuseProduce(broker, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
      await assert.rejects(producer.send(record('b')), { code: 'KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER' })
      await assert.rejects(producer.send(record('c')), { code: 'KAFKA_TRANSACTION_ABORTABLE' })
      await assert.rejects(producer.commit(), { code: 'KAFKA_TRANSACTION_ABORTABLE' })
      await producer.abort()
      assert.ok((producer.identity?.producerEpoch ?? 0) > epoch)
      producer.begin()
      await producer.send(record('d'))
      await producer.commit()
      assert.deepEqual(await values(client), ['d'])
    }, version))

  test(`a commit that times out is open, and the next call finds out, version ${version}`, () =>
    setting(async ({ broker, client }) => {
      const producer = client.producer({ transactionalId: 'x' })
      await producer.init()
      producer.begin()
      await producer.send(record('a'))
      let silent = true
      broker.core.intercept(apis.EndTxn.key, () => (silent ? { kind: 'loseReply' } : undefined))
      await assert.rejects(producer.commit(), { code: 'KAFKA_TIMEOUT', retriable: true })
      await assert.rejects(producer.abort(), TypeError)
      silent = false
      await producer.commit()
      producer.begin()
      await producer.send(record('b'))
      await producer.commit()
      assert.deepEqual(await values(client), ['a', 'b'])
    }, version))
}

test('a busy coordinator is waited for', () =>
  setting(async ({ broker, client }) => {
    refuse(broker, apis.InitProducerId, ErrorCode.CONCURRENT_TRANSACTIONS, 3)
    refuse(broker, apis.EndTxn, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 3)
    const producer = client.producer({ transactionalId: 'x' })
    await producer.init()
    producer.begin()
    await producer.send(record('a'))
    await producer.commit()
    assert.deepEqual(await values(client), ['a'])
  }))

test('a coordinator that contradicts itself ends the producer', () =>
  setting(async ({ broker, client }) => {
    const producer = client.producer({ transactionalId: 'x' })
    await producer.init()
    producer.begin()
    await producer.send(record('a'))
    refuse(broker, apis.EndTxn, ErrorCode.INVALID_TXN_STATE)
    await assert.rejects(producer.commit(), { code: 'KAFKA_INVALID_TXN_STATE' })
    await assert.rejects(producer.commit(), { code: 'KAFKA_PRODUCER_FAILED' })
    assert.throws(() => producer.begin(), { code: 'KAFKA_PRODUCER_FAILED' })
  }))

test('a fetch that is not allowed fails the poll, and the next one tries again', () =>
  setting(async ({ broker, client }) => {
    await client.producer().send(record('a'))
    const [topic] = await client.admin.describeTopics(['t'])
    const errorCode = ErrorCode.TOPIC_AUTHORIZATION_FAILED
    const responses = [
      { topic: 't', topicId: topic?.topicId, partitions: [{ partitionIndex: 0, errorCode, records: null }] },
    ]
    let left = 1
    broker.core.intercept(apis.Fetch.key, () => (left-- > 0 ? { kind: 'respond', body: { responses } } : undefined))
    const consumer = client.consumer()
    consumer.assign([{ topic: 't', partition: 0 }])
    await assert.rejects(consumer.poll({ timeoutMs: 5_000 }), { code: 'KAFKA_TOPIC_AUTHORIZATION_FAILED' })
    assert.equal((await consumer.poll({ timeoutMs: 5_000 })).length, 1)
  }))

test('a member whose instance id was taken over fails for good', () =>
  setting(async ({ broker, client, clock }) => {
    const consumer = client.consumer({ groupId: 'g', groupInstanceId: 'i' })
    consumer.subscribe({ topics: ['t'] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
    refuse(broker, apis.Heartbeat, ErrorCode.FENCED_INSTANCE_ID)
    await sleep(clock, 5_000)
    await assert.rejects(consumer.poll(), { code: 'KAFKA_FENCED' })
    await assert.rejects(consumer.poll(), { code: 'KAFKA_FENCED' })
  }))

test('a group that has no assignor in common refuses the member', () =>
  setting(async ({ broker, client }) => {
    refuse(broker, apis.JoinGroup, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    const consumer = client.consumer({ groupId: 'g' })
    consumer.subscribe({ topics: ['t'] })
    await assert.rejects(consumer.poll({ timeoutMs: 5_000 }), { code: 'KAFKA_INCONSISTENT_GROUP_PROTOCOL' })
  }))

test('a member that does not poll in time gives its partitions up and comes back with the next poll', () =>
  setting(async ({ client, clock }) => {
    const consumer = client.consumer({ groupId: 'g', rebalanceTimeoutMs: 10_000 })
    const events: string[] = []
    const note = (what: string) => () => void events.push(what)
    consumer.subscribe({
      topics: ['t'],
      onAssigned: note('assigned'),
      onRevoked: note('revoked'),
      onLost: note('lost'),
    })
    while (events.length === 0) await consumer.poll({ timeoutMs: 100 })
    await sleep(clock, 20_000)
    assert.deepEqual((await client.admin.describeGroups(['g']))[0]?.members, [])
    while (events.length < 3) await consumer.poll({ timeoutMs: 100 })
    assert.deepEqual(events, ['assigned', 'lost', 'assigned'])
  }))

test('a topic that appears after the group was formed is assigned', () =>
  setting(async ({ client }) => {
    const consumer = client.consumer({ groupId: 'g' })
    consumer.subscribe({ topics: ['t', 'later'] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
    await client.admin.createTopics([{ name: 'later', partitions: 2 }])
    while (consumer.assignment().length < 3) await consumer.poll({ timeoutMs: 100 })
  }))

test('partitions that are added are assigned once the metadata has grown old', () =>
  virtually(async (clock) => {
    const random = seededRandom(1)
    const { transport } = memoryBroker({ clock, random })
    const client = kafkaClient({ brokers: 'b:1', transport, clock, random, metadataMaxAgeMs: 5_000 })
    await client.admin.createTopics([{ name: 't' }])
    const consumer = client.consumer({ groupId: 'g' })
    consumer.subscribe({ topics: ['t'] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
    await client.admin.createPartitions([{ topic: 't', count: 3 }])
    const startMs = clock.now()
    while (consumer.assignment().length < 3) await consumer.poll({ timeoutMs: 100 })
    assert.ok(clock.now() - startMs < 20_000)
    await client.close()
  }))

test('a batch is retried soon although the time of day was set forward while another waited', () =>
  virtually(async (time) => {
    const random = seededRandom(1)
    const broker = memoryBroker({ clock: time, random, faults: { delay: 1, delayMsMax: 50 } })
    let aheadMs = 0
    const clock: Clock = {
      now: () => time.now() + aheadMs,
      after: (delayMs, callback) => time.after(delayMs, callback),
    }
    const client = kafkaClient({ brokers: 'broker:9092', transport: broker.transport, clock, random })
    await client.admin.createTopics([{ name: 't' }])
    const producer = client.producer({ maxInFlight: 1 })
    await producer.send(record('a'))
    const first = producer.send(record('b'))
    await sleep(time, 1)
    // This one waits for the one before it, until its own delivery time-out at most.
    await Promise.all([first, producer.send(record('c'))])
    aheadMs = 600_000
    refuseProduce(broker, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    const beganMs = time.now()
    await producer.send(record('d'))
    assert.ok(time.now() - beganMs < 5_000, `took ${time.now() - beganMs} ms`)
    await client.close()
  }))

test('a static member whose id the coordinator forgot in a crash, before a generation came of it, takes its name back', () =>
  setting(async ({ broker, client }) => {
    await using consumer = client.consumer({ groupId: 'g', groupInstanceId: 'one' })
    consumer.subscribe({ topics: ['t'] })
    refuse(broker, apis.SyncGroup, ErrorCode.FENCED_INSTANCE_ID)
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
  }))

test('a static member that is fenced out of its generation ends, and so does one whose name is fenced', async () => {
  await setting(async ({ broker, client, clock }) => {
    await using consumer = client.consumer({ groupId: 'g', groupInstanceId: 'one' })
    consumer.subscribe({ topics: ['t'] })
    while (consumer.assignment().length === 0) await consumer.poll({ timeoutMs: 100 })
    refuse(broker, apis.JoinGroup, ErrorCode.FENCED_INSTANCE_ID)
    consumer.requestRejoin('test')
    await consumer.poll({ timeoutMs: 0 })
    await sleep(clock, 1_000)
    await assert.rejects(consumer.poll({ timeoutMs: 100 }), { code: 'KAFKA_FENCED' })
  })
  await setting(async ({ broker, client, clock }) => {
    await using consumer = client.consumer({ groupId: 'g', groupInstanceId: 'one' })
    consumer.subscribe({ topics: ['t'] })
    refuse(broker, apis.JoinGroup, ErrorCode.FENCED_INSTANCE_ID)
    await consumer.poll({ timeoutMs: 0 })
    await sleep(clock, 1_000)
    await assert.rejects(consumer.poll({ timeoutMs: 100 }), { code: 'KAFKA_FENCED' })
  })
})
