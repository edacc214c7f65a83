import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, ErrorCode, encodeRequest } from '@millrace/protocol'
import { handlers } from '../src/core/handlers/index.ts'
import { createTopic, testCore } from './support/core-client.ts'

const repeats = 100_000
/** What one request may cost that names one thing so many times; without care the cases below take minutes. */
const maxMs = 3000
/** Where each repetition is answered, the answer is a small multiple of the request. */
const maxGrowth = 8
const partitions = 50
const longName = 'l'.repeat(200)

const many = <T>(item: T, times = repeats): T[] => Array.from({ length: times }, () => item)
const distinct = <T>(itemOf: (index: number) => T): T[] => Array.from({ length: repeats }, (_, index) => itemOf(index))

interface Case {
  readonly name: string
  readonly apiName: string
  readonly version: number
  readonly body: Record<string, unknown>
  /** Answers once whatever is repeated: not longer than this. */
  readonly maxBytes?: number
}

const small = 64 * 1024
const partition = { partitionIndex: 1 }
const oneTopic = (partitionsOf: Record<string, unknown>): Record<string, unknown>[] => [
  { name: 'many', ...partitionsOf },
]

const cases: Case[] = [
  {
    name: 'groups with all their offsets',
    apiName: 'OffsetFetch',
    version: 8,
    maxBytes: 4 * small,
    body: { groups: many({ groupId: 'g', topics: null }) },
  },
  {
    name: 'one partition',
    apiName: 'OffsetFetch',
    version: 8,
    maxBytes: small,
    body: { groups: [{ groupId: 'g', topics: oneTopic({ partitionIndexes: many(1) }) }] },
  },
  {
    name: 'one topic',
    apiName: 'OffsetFetch',
    version: 7,
    maxBytes: small,
    body: { groupId: 'g', topics: many({ name: 'many', partitionIndexes: [1] }) },
  },
  {
    name: 'the broker',
    apiName: 'DescribeConfigs',
    version: 4,
    maxBytes: 4 * small,
    body: {
      resources: many({ resourceType: 4, resourceName: '1', configurationKeys: null }),
      includeSynonyms: true,
      includeDocumentation: true,
    },
  },
  {
    name: 'one setting',
    apiName: 'DescribeConfigs',
    version: 4,
    maxBytes: small,
    body: {
      resources: [{ resourceType: 4, resourceName: '1', configurationKeys: distinct((index) => `none.${index}`) }],
    },
  },
  {
    name: 'one partition',
    apiName: 'DescribeLogDirs',
    version: 4,
    maxBytes: small,
    body: { topics: [{ topic: 'many', partitions: many(1) }] },
  },
  {
    name: 'one topic',
    apiName: 'DescribeLogDirs',
    version: 4,
    maxBytes: small,
    body: { topics: many({ topic: 'many', partitions: [1] }) },
  },
  { name: 'one group', apiName: 'FindCoordinator', version: 4, maxBytes: small, body: { coordinatorKeys: many('g') } },
  { name: 'one topic', apiName: 'Metadata', version: 12, maxBytes: small, body: { topics: many({ name: 'many' }) } },
  { name: 'one group', apiName: 'DescribeGroups', version: 5, maxBytes: small, body: { groups: many('g') } },
  { name: 'one group', apiName: 'ConsumerGroupDescribe', version: 1, maxBytes: small, body: { groupIds: many('g') } },
  {
    name: 'one transaction',
    apiName: 'DescribeTransactions',
    version: 0,
    maxBytes: small,
    body: { transactionalIds: many('t') },
  },
  {
    name: 'one partition',
    apiName: 'DescribeProducers',
    version: 0,
    maxBytes: small,
    body: { topics: oneTopic({ partitionIndexes: many(1) }) },
  },
  {
    name: 'one topic',
    apiName: 'DescribeTopicPartitions',
    version: 0,
    maxBytes: small,
    body: { topics: many({ name: 'many' }) },
  },
  {
    name: 'one partition',
    apiName: 'ListOffsets',
    version: 7,
    maxBytes: small,
    body: { topics: oneTopic({ partitions: many({ partitionIndex: 1, timestamp: 5 }) }) },
  },
  {
    name: 'one topic',
    apiName: 'ListOffsets',
    version: 7,
    maxBytes: small,
    body: { topics: many({ name: 'many', partitions: [{ partitionIndex: 1, timestamp: 5 }] }) },
  },
  {
    name: 'one partition',
    apiName: 'OffsetForLeaderEpoch',
    version: 4,
    body: { topics: [{ topic: 'many', partitions: many({ partition: 1, leaderEpoch: 0 }) }] },
  },
  {
    name: 'one user',
    apiName: 'DescribeUserScramCredentials',
    version: 0,
    maxBytes: small,
    body: { users: many({ name: 'u' }) },
  },
  {
    name: 'many users',
    apiName: 'DescribeUserScramCredentials',
    version: 0,
    body: { users: distinct((index) => ({ name: `user-${index}-of-some-length` })) },
  },
  {
    name: 'many users',
    apiName: 'AlterUserScramCredentials',
    version: 0,
    body: { deletions: distinct((index) => ({ name: `user-${index}-of-some-length`, mechanism: 1 })) },
  },
  {
    name: 'one partition',
    apiName: 'DeleteRecords',
    version: 2,
    maxBytes: small,
    body: { topics: oneTopic({ partitions: many({ partitionIndex: 1, offset: 0 }) }) },
  },
  {
    name: 'one partition',
    apiName: 'OffsetDelete',
    version: 0,
    maxBytes: small,
    body: { groupId: 'g', topics: oneTopic({ partitions: many(partition) }) },
  },
  {
    name: 'one partition',
    apiName: 'OffsetCommit',
    version: 8,
    maxBytes: small,
    body: {
      groupId: longName,
      generationIdOrMemberEpoch: -1,
      topics: oneTopic({ partitions: many({ partitionIndex: 1, committedOffset: 3 }) }),
    },
  },
  {
    name: 'one resource',
    apiName: 'AlterConfigs',
    version: 2,
    body: { resources: many({ resourceType: 2, resourceName: 'many', configs: [] }) },
  },
  {
    name: 'one resource',
    apiName: 'IncrementalAlterConfigs',
    version: 1,
    body: { resources: many({ resourceType: 2, resourceName: 'many', configs: [] }) },
  },
  {
    name: 'one topic',
    apiName: 'CreateTopics',
    version: 7,
    maxBytes: small,
    body: { topics: many({ name: 'new', numPartitions: 1, replicationFactor: 1 }), timeoutMs: 1000 },
  },
  { name: 'one topic', apiName: 'DeleteTopics', version: 5, maxBytes: small, body: { topicNames: many('none') } },
  {
    name: 'one topic',
    apiName: 'CreatePartitions',
    version: 3,
    maxBytes: small,
    body: { topics: many({ name: 'many', count: 60, assignments: null }) },
  },
  {
    name: 'one partition',
    apiName: 'WriteTxnMarkers',
    version: 1,
    maxBytes: small,
    body: {
      markers: [
        { producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, topics: oneTopic({ partitionIndexes: many(1) }) },
      ],
    },
  },
  {
    name: 'one topic',
    apiName: 'WriteTxnMarkers',
    version: 1,
    maxBytes: small,
    body: {
      markers: [
        {
          producerId: 1,
          producerEpoch: 0,
          coordinatorEpoch: 0,
          topics: many({ name: 'many', partitionIndexes: [1] }),
        },
      ],
    },
  },
  {
    name: 'groups of as many names',
    apiName: 'DescribeConfigs',
    version: 4,
    maxBytes: 100e6,
    body: {
      resources: distinct((index) => ({ resourceType: 32, resourceName: `${index}`, configurationKeys: null })),
      includeSynonyms: true,
      includeDocumentation: true,
    },
  },
  {
    name: 'groups of as many names',
    apiName: 'FindCoordinator',
    version: 4,
    body: { coordinatorKeys: distinct((index) => `group-${index}`) },
  },
  {
    name: 'one partition',
    apiName: 'DescribeQuorum',
    version: 2,
    maxBytes: small,
    body: { topics: [{ topicName: '__cluster_metadata', partitions: many({ partitionIndex: 0 }) }] },
  },
  {
    name: 'partitions of a long name',
    apiName: 'ElectLeaders',
    version: 2,
    body: { topicPartitions: [{ topic: longName.repeat(100), partitions: distinct((index) => index) }] },
  },
  {
    name: 'partitions of a long name',
    apiName: 'AlterPartitionReassignments',
    version: 0,
    body: {
      topics: [
        { name: longName.repeat(100), partitions: distinct((partitionIndex) => ({ partitionIndex, replicas: null })) },
      ],
    },
  },
  {
    name: 'one partition',
    apiName: 'Fetch',
    version: 12,
    body: {
      maxBytes: 1e9,
      sessionEpoch: -1,
      topics: [{ topic: 'many', partitions: many({ partition: 1, partitionMaxBytes: 1e6 }) }],
    },
  },
]

for (const { name, apiName, version, body, maxBytes } of cases) {
  test(`${apiName} with ${name} ${repeats} times is answered soon and shortly`, () => {
    const { core, clock, client } = testCore()
    createTopic(client, 'many', partitions)
    const committed = Array.from({ length: partitions }, (_, partitionIndex) => {
      return { partitionIndex, committedOffset: 7, committedMetadata: 'm'.repeat(4000) }
    })
    client.begin(apis.OffsetCommit, 8, {
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      topics: [{ name: 'many', partitions: committed }],
    })
    clock.advance(1000)
    const { api } = handlers.find((one) => one.api.name === apiName)!
    const request = encodeRequest({ api, version, correlationId: 7, clientId: 'again', body })
    let answer: Buffer | undefined
    const before = process.cpuUsage()
    client.session.handle(request, (bytes) => {
      answer = bytes
    })
    const { user, system } = process.cpuUsage(before)
    clock.advance(60_000)
    assert.ok(answer, 'answered')
    assert.ok((user + system) / 1000 < maxMs, `took ${(user + system) / 1000} ms`)
    const most = maxBytes ?? request.length * maxGrowth
    assert.ok(answer.length <= most, `${request.length} bytes were answered with ${answer.length}`)
    core.close()
  })
}

test('a partition that is asked for twice is refused by ListOffsets, and the others are answered', () => {
  const { client } = testCore()
  createTopic(client, 'many', 3)
  const ask = (...indexes: number[]) => ({
    name: 'many',
    partitions: indexes.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
  })
  const { topics } = client.call(apis.ListOffsets, 7, { topics: [ask(0, 1), ask(1, 2)] })
  assert.equal(topics.length, 1)
  assert.deepEqual(
    topics[0]!.partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]),
    [
      [0, ErrorCode.NONE],
      [1, ErrorCode.INVALID_REQUEST],
      [2, ErrorCode.NONE],
    ],
  )
})

test('what is asked for in two places of a request is answered in one', () => {
  const { client, clock } = testCore()
  createTopic(client, 'many', 3)
  const commit = (partitionIndex: number, committedOffset: number) => ({
    name: 'many',
    partitions: [{ partitionIndex, committedOffset }],
  })
  client.begin(apis.OffsetCommit, 8, {
    groupId: 'g',
    generationIdOrMemberEpoch: -1,
    topics: [commit(0, 5), commit(1, 6), commit(0, 9)],
  })
  clock.advance(1000)
  const topics = [[0, 1], [1, 2], [0]].map((partitionIndexes) => ({ name: 'many', partitionIndexes }))
  const answer = client.call(apis.OffsetFetch, 8, { groups: [{ groupId: 'g', topics }] })
  assert.deepEqual(
    answer.groups[0]!.topics.map((topic) => topic.partitions.map((one) => [one.partitionIndex, one.committedOffset])),
    [
      [
        [0, 9],
        [1, 6],
        [2, -1],
      ],
    ],
  )
})

test('a request has at most 500,000 elements in all its lists, however short they are', () => {
  const { client } = testCore()
  const partitionIndexes = Array.from({ length: 100_000 }, (_, index) => index)
  const ask = (topics: number) => ({
    groups: [
      { groupId: 'g', topics: Array.from({ length: topics }, (_, index) => ({ name: `t${index}`, partitionIndexes })) },
    ],
  })
  assert.equal(client.call(apis.OffsetFetch, 8, ask(4)).groups[0]!.topics.length, 4)
  assert.throws(() => client.begin(apis.OffsetFetch, 8, ask(5)), { code: 'PROTOCOL_MALFORMED' })
})

test('of a topic whose partitions are to be more in two ways nothing is changed', () => {
  const { core, client } = testCore()
  createTopic(client, 'twice', 1)
  createTopic(client, 'once', 1)
  const topics = ['twice', 'once', 'twice'].map((name, index) => ({ name, count: 2 + index, assignments: null }))
  const { results } = client.call(apis.CreatePartitions, 3, { topics })
  assert.deepEqual(
    results.map(({ name, errorCode, errorMessage }) => [name, errorCode, errorMessage]),
    [
      ['twice', ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'],
      ['once', ErrorCode.NONE, null],
    ],
  )
  assert.equal(core.topics.topic('twice')!.partitions.length, 1)
})

test('a topic that is to be deleted twice in one request stays', () => {
  const { core, client } = testCore()
  createTopic(client, 'twice')
  createTopic(client, 'once')
  const { id: topicId } = core.topics.topic('twice')!
  const byName = client.call(apis.DeleteTopics, 5, { topicNames: ['twice', 'once', 'twice'] }).responses
  assert.deepEqual(
    byName.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['twice', ErrorCode.INVALID_REQUEST],
      ['once', ErrorCode.NONE],
    ],
  )
  const byId = client.call(apis.DeleteTopics, 6, { topics: many({ name: null, topicId }, 2) }).responses
  assert.deepEqual(
    byId.map(({ errorCode, errorMessage }) => [errorCode, errorMessage]),
    [[ErrorCode.INVALID_REQUEST, 'Duplicate topic id.']],
  )
  assert.ok(core.topics.topic('twice'))
})

test('a marker is written once to a partition that is named again', () => {
  const { core, client } = testCore()
  createTopic(client, 'many', 2)
  const topics = [0, 1, 0].map((index) => ({ name: 'many', partitionIndexes: [index, index] }))
  const marker = { producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, transactionResult: true, topics }
  const answer = client.call(apis.WriteTxnMarkers, 1, { markers: [marker] })
  assert.deepEqual(
    answer.markers[0]!.topics.map(({ partitions }) => partitions.map(({ partitionIndex }) => partitionIndex)),
    [[0, 1]],
  )
  assert.deepEqual([core.partition('many', 0)!.logEndOffset, core.partition('many', 1)!.logEndOffset], [1, 1])
})
