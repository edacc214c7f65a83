import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, ErrorCode } from '@millrace/protocol'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'

function create(client: CoreClient, name: string, numPartitions: number) {
  const topics = [{ name, numPartitions, replicationFactor: 1 }]
  return client.call(apis.CreateTopics, 7, { topics, timeoutMs: 1000 }).topics[0]!
}

function grow(client: CoreClient, name: string, count: number) {
  return client.call(apis.CreatePartitions, 3, { topics: [{ name, count, assignments: null }] }).results[0]!
}

function autoCreate(client: CoreClient, name: string): number {
  return client.call(apis.Metadata, 12, { topics: [{ name }], allowAutoTopicCreation: true }).topics[0]!.errorCode
}

test('all topics together have at most max.broker.partitions, and who asks for more is told what to do', () => {
  const { core, client } = testCore({ config: { 'max.broker.partitions': '10' } })
  assert.equal(create(client, 'a', 8).errorCode, ErrorCode.NONE)
  const refused = create(client, 'b', 3)
  assert.equal(refused.errorCode, ErrorCode.POLICY_VIOLATION)
  assert.match(refused.errorMessage!, /has 8 partition\(s\) and takes no 3 more: max.broker.partitions is 10.*raise/)
  const grown = grow(client, 'a', 11)
  assert.equal(grown.errorCode, ErrorCode.POLICY_VIOLATION)
  assert.match(grown.errorMessage!, /takes no 3 more: max.broker.partitions is 10/)
  assert.equal(core.topics.topic('a')!.partitions.length, 8)
  assert.equal(grow(client, 'a', 10).errorCode, ErrorCode.NONE)
  assert.equal(autoCreate(client, 'c'), ErrorCode.POLICY_VIOLATION)
  assert.equal(core.topics.topic('c'), undefined)
})

test('what is deleted makes room below max.broker.partitions, also after a restart', () => {
  const config = { 'max.broker.partitions': '10' }
  const first = testCore({ config })
  createTopic(first.client, 'a', 6)
  createTopic(first.client, 'b', 4)
  first.client.call(apis.DeleteTopics, 5, { topicNames: ['a'] })
  first.core.close()
  const { client } = testCore({ config, storage: first.storage })
  assert.equal(create(client, 'c', 7).errorCode, ErrorCode.POLICY_VIOLATION)
  assert.equal(create(client, 'c', 6).errorCode, ErrorCode.NONE)
})

test('topics of one request count together', () => {
  const { client } = testCore({ config: { 'max.broker.partitions': '10' } })
  const topics = ['a', 'b', 'c'].map((name) => ({ name, numPartitions: 4, replicationFactor: 1 }))
  const answer = client.call(apis.CreateTopics, 7, { topics, timeoutMs: 1000 })
  assert.deepEqual(
    answer.topics.map(({ errorCode }) => errorCode),
    [ErrorCode.NONE, ErrorCode.NONE, ErrorCode.POLICY_VIOLATION],
  )
})

test('a broker that is full of partitions still creates its own topics', () => {
  const { core, client } = testCore({ config: { 'max.broker.partitions': '1' } })
  createTopic(client, 'a')
  client.call(apis.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    topics: [{ name: 'a', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }],
  })
  assert.ok(core.topics.topic('__consumer_offsets'))
})

test('the limit can be raised while the broker runs', () => {
  const { client } = testCore({ config: { 'max.broker.partitions': '1' } })
  createTopic(client, 'a')
  assert.equal(create(client, 'b', 1).errorCode, ErrorCode.POLICY_VIOLATION)
  const configs = [{ name: 'max.broker.partitions', value: '2', configOperation: 0 }]
  const { responses } = client.call(apis.IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: 4, resourceName: '1', configs }],
  })
  assert.equal(responses[0]!.errorCode, ErrorCode.NONE)
  assert.equal(create(client, 'b', 1).errorCode, ErrorCode.NONE)
})

test('10,000 partitions are far from the limit', () => {
  const { client } = testCore()
  assert.equal(create(client, 'many', 10_000).errorCode, ErrorCode.NONE)
  assert.equal(create(client, 'more', 10_000).errorCode, ErrorCode.NONE)
  assert.equal(create(client, 'mistyped', 1_000_000).errorCode, ErrorCode.POLICY_VIOLATION)
})
