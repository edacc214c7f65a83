import assert from 'node:assert/strict'
import test from 'node:test'
import {
  apis,
  type CreateTopicsRequest,
  type DescribeTopicPartitionsResponse,
  ErrorCode,
  type MessageInput,
} from '@millrace/protocol'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

type Creatable = MessageInput<CreateTopicsRequest['topics'][number]>

function create(client: CoreClient, topic: Creatable, validateOnly = false) {
  const defaults = { numPartitions: 1, replicationFactor: 1 }
  return client.call(apis.CreateTopics, 7, { topics: [{ ...defaults, ...topic }], validateOnly }).topics[0]!
}

function describe(client: CoreClient, resourceName: string, name: string, resourceType = 2) {
  const { results } = client.call(apis.DescribeConfigs, 4, {
    resources: [{ resourceType, resourceName, configurationKeys: [name] }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  assert.equal(results[0]!.errorCode, ErrorCode.NONE)
  return results[0]!.configs[0]!
}

function alter(
  client: CoreClient,
  resourceName: string,
  name: string,
  value: string | null,
  configOperation = 0,
  resourceType = 2,
) {
  return client.call(apis.IncrementalAlterConfigs, 1, {
    resources: [{ resourceType, resourceName, configs: [{ name, value, configOperation }] }],
  }).responses[0]!
}

for (const name of ['', '.', '..', 'a/b', 'a b', 'ä', 'x'.repeat(250)]) {
  test(`a topic cannot be called ${JSON.stringify(name.slice(0, 10))}`, () => {
    const { client } = testCore()
    assert.equal(create(client, { name }).errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
    const answer = client.call(apis.Metadata, 12, { topics: [{ name }], allowAutoTopicCreation: true })
    assert.equal(answer.topics[0]!.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
  })
}

test('names that differ only in a dot and an underscore collide', () => {
  const { client } = testCore()
  createTopic(client, 'a.b')
  assert.equal(create(client, { name: 'a_b' }).errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
})

test('creating says what it made, and refuses what cannot be', () => {
  const { client } = testCore()
  const made = create(client, { name: 'order', numPartitions: 3, configs: [{ name: 'retention.ms', value: '5' }] })
  assert.deepEqual([made.errorCode, made.numPartitions, made.replicationFactor], [ErrorCode.NONE, 3, 1])
  assert.equal(made.configs!.find((one) => one.name === 'retention.ms')!.value, '5')
  assert.equal(create(client, { name: 'order' }).errorCode, ErrorCode.TOPIC_ALREADY_EXISTS)
  assert.equal(create(client, { name: 'a', numPartitions: 0 }).errorCode, ErrorCode.INVALID_PARTITIONS)
  assert.equal(create(client, { name: 'a', replicationFactor: 3 }).errorCode, ErrorCode.INVALID_REPLICATION_FACTOR)
  const unknown = create(client, { name: 'a', configs: [{ name: 'no.such', value: '1' }] })
  assert.equal(unknown.errorCode, ErrorCode.INVALID_CONFIG)
  const illegal = create(client, { name: 'a', configs: [{ name: 'retention.ms', value: 'soon' }] })
  assert.equal(illegal.errorCode, ErrorCode.INVALID_CONFIG)
})

test('validating creates nothing', () => {
  const { client, core } = testCore()
  assert.equal(create(client, { name: 'order' }, true).errorCode, ErrorCode.NONE)
  assert.equal(core.topics.topic('order'), undefined)
})

test('Metadata creates a topic only when both sides allow it', () => {
  const { client, core } = testCore({ config: { 'num.partitions': '3' } })
  const ask = (name: string, allowAutoTopicCreation: boolean) =>
    client.call(apis.Metadata, 12, { topics: [{ name }], allowAutoTopicCreation }).topics[0]!
  assert.equal(ask('order', false).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(ask('order', true).partitions.length, 3)
  assert.equal(core.topics.topic('order')!.partitions.length, 3)
  const closed = testCore({ config: { 'auto.create.topics.enable': 'false' } })
  const { topics } = closed.client.call(apis.Metadata, 12, {
    topics: [{ name: 'order' }],
    allowAutoTopicCreation: true,
  })
  assert.equal(topics[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('Metadata finds topics by id', () => {
  const { client, core } = testCore()
  createTopic(client, 'order')
  const topicId = core.topics.topic('order')!.id
  const { topics } = client.call(apis.Metadata, 12, { topics: [{ name: null, topicId }] })
  assert.equal(topics[0]!.name, 'order')
  const unknown = client.call(apis.Metadata, 12, { topics: [{ name: null, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' }] })
  assert.equal(unknown.topics[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
})

test('a deleted topic is gone with its records, and its name can be used again', () => {
  const { client, core, storage } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }]))
  const { topicId, errorCode } = client.call(apis.DeleteTopics, 6, { topics: [{ name: 'order' }], timeoutMs: 1 })
    .responses[0]!
  assert.equal(errorCode, ErrorCode.NONE)
  assert.deepEqual(storage.list('logs'), [])
  createTopic(client, 'order')
  assert.notEqual(core.topics.topic('order')!.id, topicId)
  assert.equal(fetchNow(client, 'order', 0).highWatermark, 0)
  const byOldId = client.call(apis.DeleteTopics, 6, { topics: [{ name: null, topicId }], timeoutMs: 1 })
  assert.equal(byOldId.responses[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
})

test('partitions can be added, not taken away', () => {
  const { client, core } = testCore()
  createTopic(client, 'order', 2)
  const grow = (count: number) =>
    client.call(apis.CreatePartitions, 3, { topics: [{ name: 'order', count, assignments: null }] }).results[0]!
  assert.equal(grow(4).errorCode, ErrorCode.NONE)
  assert.equal(core.topics.topic('order')!.partitions.length, 4)
  assert.equal(grow(4).errorCode, ErrorCode.INVALID_PARTITIONS)
  assert.equal(grow(3).errorCode, ErrorCode.INVALID_PARTITIONS)
  assert.equal(produce(client, 'order', batch([{ value: 'a' }]), { partition: 3 }).baseOffset, 0)
})

test('topics, partitions and settings are the same after a restart', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  createTopic(first.client, 'order', 2)
  first.client.call(apis.CreatePartitions, 3, { topics: [{ name: 'order', count: 3, assignments: null }] })
  alter(first.client, 'order', 'retention.ms', '77')
  alter(first.client, '1', 'log.retention.bytes', '123', 0, 4)
  const metadata = ({ client }: { client: CoreClient }) => {
    const answer = client.call(apis.Metadata, 12, { topics: null })
    // Every start begins a new leader epoch.
    for (const partition of answer.topics.flatMap((topic) => topic.partitions)) partition.leaderEpoch = -1
    return answer
  }
  const before = metadata(first)
  const again = testCore({ storage })
  assert.deepEqual(metadata(again), before)
  assert.equal(describe(again.client, 'order', 'retention.ms').value, '77')
  assert.equal(describe(again.client, 'order', 'retention.bytes').value, '123')
})

test('a setting shows where its value comes from', () => {
  const { client } = testCore({ config: { 'log.retention.hours': '1' } })
  createTopic(client, 'order')
  const inherited = describe(client, 'order', 'retention.ms')
  assert.deepEqual([inherited.value, inherited.configSource], ['3600000', 4])
  alter(client, 'order', 'retention.ms', '5')
  const own = describe(client, 'order', 'retention.ms')
  assert.deepEqual([own.value, own.configSource], ['5', 1])
  assert.deepEqual(
    own.synonyms.map((one) => [one.name, one.value, one.source]),
    [
      ['retention.ms', '5', 1],
      ['log.retention.ms', '3600000', 4],
      ['log.retention.hours', '168', 5],
    ],
  )
  alter(client, 'order', 'retention.ms', null, 1)
  assert.equal(describe(client, 'order', 'retention.ms').value, '3600000')
})

test('lists are appended to and subtracted from', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  assert.equal(alter(client, 'order', 'cleanup.policy', 'compact', 2).errorCode, ErrorCode.NONE)
  assert.equal(describe(client, 'order', 'cleanup.policy').value, 'delete,compact')
  alter(client, 'order', 'cleanup.policy', 'delete', 3)
  assert.equal(describe(client, 'order', 'cleanup.policy').value, 'compact')
  assert.equal(alter(client, 'order', 'retention.ms', '5', 2).errorCode, ErrorCode.INVALID_CONFIG)
})

test('an illegal value changes nothing', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  assert.equal(alter(client, 'order', 'cleanup.policy', 'shred').errorCode, ErrorCode.INVALID_CONFIG)
  assert.equal(alter(client, 'order', 'no.such', '1').errorCode, ErrorCode.INVALID_CONFIG)
  assert.equal(alter(client, 'nobody', 'retention.ms', '1').errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(describe(client, 'order', 'cleanup.policy').value, 'delete')
})

test('AlterConfigs replaces all settings of a topic', () => {
  const { client } = testCore()
  create(client, { name: 'order', configs: [{ name: 'retention.ms', value: '5' }] })
  client.call(apis.AlterConfigs, 2, {
    resources: [{ resourceType: 2, resourceName: 'order', configs: [{ name: 'segment.bytes', value: '1000' }] }],
  })
  assert.equal(describe(client, 'order', 'retention.ms').value, '604800000')
  assert.equal(describe(client, 'order', 'segment.bytes').value, '1000')
})

test('DescribeTopicPartitions pages through partitions with its cursor', () => {
  const { client } = testCore()
  createTopic(client, 'a', 3)
  createTopic(client, 'b', 2)
  const seen: string[] = []
  let cursor: DescribeTopicPartitionsResponse['nextCursor'] = null
  do {
    const request = { topics: [], responsePartitionLimit: 2, cursor }
    const page: DescribeTopicPartitionsResponse = client.call(apis.DescribeTopicPartitions, 0, request)
    for (const { name, partitions } of page.topics)
      seen.push(...partitions.map((one) => `${name}-${one.partitionIndex}`))
    cursor = page.nextCursor
  } while (cursor)
  assert.deepEqual(seen, ['a-0', 'a-1', 'a-2', 'b-0', 'b-1'])
})

test('unknown broker settings are refused at the start, all at once and with what to do', () => {
  const config = {
    'broker.id': '1',
    'num.partitons': '3',
    'process.roles': 'broker,controller',
    'num.network.threads': '3',
    'log.segment.bytes': 'many',
    xxxxxxxxx: '1',
  }
  assert.throws(
    () => testCore({ config }),
    ({ message }: Error) => {
      assert.deepEqual(message.split('. '), [
        'unknown broker setting broker.id: it is called node.id',
        'unknown broker setting num.partitons; did you mean num.partitions?',
        'unknown broker setting process.roles: only a cluster has it; take it out',
        "unknown broker setting num.network.threads: it is of Kafka's threads, sockets and JVM; take it out",
        'Invalid value many for configuration log.segment.bytes: Not a number of type INT',
        'unknown broker setting xxxxxxxxx',
      ])
      return true
    },
  )
  assert.throws(() => testCore({ config: { 'no.such.setting': '1' } }), { code: 'BROKER_CONFIG_INVALID' })
  assert.throws(() => testCore({ config: { 'num.partitions': 'many' } }), { code: 'BROKER_CONFIG_INVALID' })
})
