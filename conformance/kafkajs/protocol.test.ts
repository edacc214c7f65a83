import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import {
  type Api,
  apiByKey,
  apis,
  batchesIn,
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeMessage,
  decodeRequestHeader,
  decodeVersionedMessage,
  encodeMessage,
  encodeVersionedMessage,
  ProduceRequest,
  RecordBatchBuilder,
} from '@millrace/protocol'

const require = createRequire(import.meta.url)

interface KafkajsRequest {
  readonly apiKey: number
  readonly apiVersion: number
}

interface KafkajsResponse {
  decode(bytes: Buffer): Promise<unknown>
}

const makeRequest = (path: string, argument: object): KafkajsRequest =>
  (require(`kafkajs/src/protocol/requests/${path}/request`) as (argument: object) => KafkajsRequest)(argument)

const responseOf = (path: string): KafkajsResponse =>
  require(`kafkajs/src/protocol/requests/${path}/response`) as KafkajsResponse

/** The bytes that kafkajs puts on the socket, without the length before them. */
async function kafkajsBytes(request: KafkajsRequest): Promise<Buffer> {
  const frame = require('kafkajs/src/protocol/request') as (argument: object) => Promise<{ buffer: Buffer }>
  const { buffer } = await frame({ correlationId: 7, clientId: 'shop', request })
  return Buffer.from(buffer.subarray(4))
}

const requests: readonly { path: string; argument: object; expected: object }[] = [
  {
    path: 'metadata/v6',
    argument: { topics: ['order', 'customer'], allowAutoTopicCreation: false },
    expected: { topics: [{ name: 'order' }, { name: 'customer' }], allowAutoTopicCreation: false },
  },
  {
    path: 'findCoordinator/v2',
    argument: { coordinatorKey: 'group', coordinatorType: 0 },
    expected: { key: 'group', keyType: 0 },
  },
  {
    path: 'joinGroup/v5',
    argument: {
      groupId: 'g',
      sessionTimeout: 30000,
      rebalanceTimeout: 60000,
      memberId: '',
      groupInstanceId: 'a',
      protocolType: 'consumer',
      groupProtocols: [{ name: 'range', metadata: Buffer.from('meta') }],
    },
    expected: {
      groupId: 'g',
      sessionTimeoutMs: 30000,
      rebalanceTimeoutMs: 60000,
      memberId: '',
      groupInstanceId: 'a',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('meta') }],
    },
  },
  {
    path: 'offsetCommit/v5',
    argument: {
      groupId: 'g',
      groupGenerationId: 4,
      memberId: 'm',
      topics: [{ topic: 'order', partitions: [{ partition: 2, offset: '90071992547' }] }],
    },
    expected: {
      groupId: 'g',
      generationIdOrMemberEpoch: 4,
      memberId: 'm',
      topics: [
        { name: 'order', partitions: [{ partitionIndex: 2, committedOffset: 90071992547, committedMetadata: null }] },
      ],
    },
  },
  {
    path: 'fetch/v11',
    argument: {
      replicaId: -1,
      maxWaitTime: 500,
      minBytes: 1,
      maxBytes: 1000,
      rackId: 'r',
      topics: [{ topic: 'order', partitions: [{ partition: 3, fetchOffset: '12', maxBytes: 99 }] }],
    },
    expected: {
      replicaId: -1,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1000,
      isolationLevel: 1,
      rackId: 'r',
      topics: [{ topic: 'order', partitions: [{ partition: 3, fetchOffset: 12, partitionMaxBytes: 99 }] }],
    },
  },
]

for (const { path, argument, expected } of requests) {
  test(`a request of kafkajs is decoded, and encoded to the same bytes: ${path}`, async () => {
    const request = makeRequest(path, argument)
    const bytes = await kafkajsBytes(request)
    const header = decodeRequestHeader(bytes)
    const { apiKey, apiVersion } = request
    assert.deepEqual(header, { apiKey, apiVersion, correlationId: 7, clientId: 'shop', bodyOffset: header.bodyOffset })
    const api = apiByKey(apiKey) as Api<object, object>
    const body = decodeMessage(api.request, apiVersion, bytes, header.bodyOffset)
    assert.partialDeepStrictEqual(body, expected)
    assert.deepEqual(encodeMessage(api.request, apiVersion, body), bytes.subarray(header.bodyOffset))
  })
}

for (const compression of ['none', 'gzip'] as const) {
  test(`records that kafkajs produces are read: ${compression}`, async () => {
    const messages = [
      { key: 'a', value: 'first', timestamp: 1700000000000, headers: { trace: 'x' } },
      { key: null, value: null, timestamp: 1700000000005, headers: {} },
    ]
    const topicData = [{ topic: 'order', partitions: [{ partition: 0, firstSequence: 0, messages }] }]
    const request = makeRequest('produce/v7', {
      acks: -1,
      timeout: 1000,
      compression: compression === 'gzip' ? 1 : 0,
      topicData,
    })
    const bytes = await kafkajsBytes(request)
    const body = decodeMessage(ProduceRequest, 7, bytes, decodeRequestHeader(bytes).bodyOffset)
    const [batch] = batchesIn(body.topicData[0]!.partitionData[0]!.records!)
    assert.equal(batch!.isCrcValid(), true)
    assert.equal(batch!.compression, compression)
    const read = []
    for (const cursor = batch!.cursor(); cursor.next(); ) {
      read.push([cursor.timestamp, cursor.keyBytes()?.toString(), cursor.valueBytes()?.toString(), cursor.headers()])
    }
    assert.deepEqual(read, [
      [1700000000000, 'a', 'first', [{ key: 'trace', value: Buffer.from('x') }]],
      [1700000000005, undefined, undefined, []],
    ])
  })
}

test('kafkajs reads our metadata response', async () => {
  const bytes = encodeMessage(apis.Metadata.response, 6, {
    brokers: [{ nodeId: 1, host: 'localhost', port: 9092 }],
    clusterId: 'c',
    controllerId: 1,
    topics: [{ name: 'order', partitions: [{ partitionIndex: 0, leaderId: 1, replicaNodes: [1], isrNodes: [1] }] }],
  })
  assert.partialDeepStrictEqual(await responseOf('metadata/v6').decode(bytes), {
    brokers: [{ nodeId: 1, host: 'localhost', port: 9092, rack: null }],
    controllerId: 1,
    topicMetadata: [{ topic: 'order', partitionMetadata: [{ partitionId: 0, leader: 1, replicas: [1], isr: [1] }] }],
  })
})

test('kafkajs reads our fetch response with records in it', async () => {
  const builder = new RecordBatchBuilder({ compression: 'gzip' })
  builder.append(1700000000000, Buffer.from('k'), Buffer.from('v'), [{ key: 'h', value: Buffer.from('x') }])
  builder.append(1700000000001, null, null)
  const records = builder.build({ baseOffset: 41 })
  const partitions = [{ partitionIndex: 0, highWatermark: 43, lastStableOffset: 43, abortedTransactions: [], records }]
  const bytes = encodeMessage(apis.Fetch.response, 11, { responses: [{ topic: 'order', partitions }] })
  const decoded = (await responseOf('fetch/v11').decode(bytes)) as {
    responses: { partitions: { highWatermark: string; messages: object[] }[] }[]
  }
  const partition = decoded.responses[0]!.partitions[0]!
  assert.equal(partition.highWatermark, '43')
  assert.partialDeepStrictEqual(partition.messages, [
    { offset: '41', key: Buffer.from('k'), value: Buffer.from('v'), headers: { h: Buffer.from('x') } },
    { offset: '42', key: null, value: null },
  ])
})

test('subscriptions and assignments go both ways', () => {
  const { MemberMetadata, MemberAssignment } = require('kafkajs/src/consumer/assignerProtocol') as Record<
    'MemberMetadata' | 'MemberAssignment',
    { encode(value: object): Buffer; decode(bytes: Buffer): unknown }
  >
  const metadata = MemberMetadata.encode({ version: 1, topics: ['a', 'b'], userData: Buffer.from('u') })
  const subscription = decodeVersionedMessage(ConsumerProtocolSubscription, Buffer.concat([metadata, Buffer.alloc(4)]))
  assert.partialDeepStrictEqual(subscription.value, { topics: ['a', 'b'], userData: Buffer.from('u') })

  const bytes = encodeVersionedMessage(ConsumerProtocolAssignment, 0, {
    assignedPartitions: [{ topic: 'a', partitions: [0, 2] }],
    userData: Buffer.from('u'),
  })
  assert.deepEqual(MemberAssignment.decode(bytes), {
    version: 0,
    assignment: { a: [0, 2] },
    userData: Buffer.from('u'),
  })
})
