import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, decodeVersionedMessage, encodeMessage, encodeVersionedMessage } from './codec.ts'
import {
  ApiVersionsResponse,
  ConsumerGroupMemberMetadataValue,
  ConsumerProtocolSubscription,
  FetchRequest,
  FetchResponse,
  MetadataRequest,
  MetadataResponse,
  OffsetFetchRequest,
  ProduceRequest,
} from './generated/messages.ts'
import { maxDecodedBytes } from './reader.ts'
import { unknownTaggedFields } from './struct-codec.ts'
import { ZERO_UUID } from './uuid.ts'

test('fields that a version lacks decode to their defaults', () => {
  const request = decodeMessage(FetchRequest, 4, encodeMessage(FetchRequest, 4, { maxWaitMs: 9 }))
  assert.equal(request.maxWaitMs, 9)
  assert.equal(request.sessionEpoch, -1)
  assert.equal(request.rackId, '')
  assert.deepEqual(request.replicaState, { replicaId: -1, replicaEpoch: -1 })
})

test('two decoded messages share no default', () => {
  const bytes = encodeMessage(FetchRequest, 4, {})
  const [first, second] = [decodeMessage(FetchRequest, 4, bytes), decodeMessage(FetchRequest, 4, bytes)]
  first.forgottenTopicsData.push({ topic: 'x', topicId: ZERO_UUID, partitions: [] })
  first.replicaState.replicaId = 5
  assert.deepEqual(second.forgottenTopicsData, [])
  assert.equal(second.replicaState.replicaId, -1)
})

test('a field that a version would drop silently is refused, unless it says it may be', () => {
  const groups = [{ groupId: 'g' }]
  assert.throws(() => encodeMessage(OffsetFetchRequest, 7, { groupId: 'g', groups }), {
    code: 'PROTOCOL_UNSUPPORTED_FIELD',
    fields: { field: 'groups', version: 7 },
  })
  assert.doesNotThrow(() => encodeMessage(FetchRequest, 4, { rackId: 'r' }))
})

test('a version that the message does not have is refused', () => {
  assert.throws(() => encodeMessage(FetchRequest, 3, {}), { code: 'PROTOCOL_UNSUPPORTED_VERSION' })
  assert.throws(() => decodeMessage(FetchRequest, 99, Buffer.alloc(0)), { code: 'PROTOCOL_UNSUPPORTED_VERSION' })
})

test('a value of the wrong type names its field', () => {
  const topics = [{ partitions: [{ fetchOffset: 0.5 }] }]
  assert.throws(() => encodeMessage(FetchRequest, 12, { topics }), {
    name: 'TypeError',
    message: /^topics: partitions: fetchOffset: not an integer/,
  })
  const notNull = { topics: null } as unknown as object
  assert.throws(() => encodeMessage(FetchRequest, 12, notNull), { message: /^topics: expected an array, not null/ })
  const uuid = [{ topicId: 'short' }]
  assert.throws(() => encodeMessage(FetchRequest, 13, { topics: uuid }), { message: /topicId: not a Kafka UUID/ })
})

test('tagged fields that nobody knows survive decoding and encoding', () => {
  const plain = encodeMessage(MetadataRequest, 12, { topics: [] })
  const withUnknown = Buffer.concat([plain.subarray(0, -1), Buffer.from([2, 9, 1, 0xaa, 77, 0])])
  const decoded = decodeMessage(MetadataRequest, 12, withUnknown)
  const unknown = (decoded as unknown as Record<symbol, Map<number, Buffer>>)[unknownTaggedFields]
  assert.deepEqual(
    [...unknown!],
    [
      [9, Buffer.from([0xaa])],
      [77, Buffer.alloc(0)],
    ],
  )
  assert.deepEqual(encodeMessage(MetadataRequest, 12, decoded), withUnknown)
})

test('a tagged field at its default is left out', () => {
  const bytes = encodeMessage(ApiVersionsResponse, 3, { finalizedFeaturesEpoch: -1, supportedFeatures: [] })
  assert.deepEqual(bytes, encodeMessage(ApiVersionsResponse, 3, {}))
})

test('a tagged struct that is null says so, as Java writes it: what is not there is an empty one', () => {
  const member = {
    instanceId: null,
    rackId: null,
    clientId: 'c',
    clientHost: 'h',
    subscribedTopicNames: ['t'],
    subscribedTopicRegex: null,
    rebalanceTimeoutMs: 5,
    serverAssignor: null,
  }
  const bytes = {
    none: '00000263026802027400000000050001000100',
    some: '00000263026802027400000000050001000701000000050100',
    empty: '00000263026802027400000000050000',
  }
  const encode = (classicMemberMetadata: { sessionTimeoutMs: number } | null): string =>
    encodeMessage(ConsumerGroupMemberMetadataValue, 0, { ...member, classicMemberMetadata }).toString('hex')
  const decode = (hex: string): unknown =>
    decodeMessage(ConsumerGroupMemberMetadataValue, 0, Buffer.from(hex, 'hex')).classicMemberMetadata
  assert.equal(encode(null), bytes.none)
  assert.equal(encode({ sessionTimeoutMs: 5 }), bytes.some)
  assert.equal(decode(bytes.none), null)
  assert.deepEqual(decode(bytes.some), { sessionTimeoutMs: 5, supportedProtocols: [] })
  assert.deepEqual(decode(bytes.empty), { sessionTimeoutMs: 0, supportedProtocols: [] })
})

test('an array longer than the bytes could hold is malformed before anything is allocated', () => {
  const bytes = encodeMessage(MetadataResponse, 1, {})
  bytes.writeInt32BE(0x7fffffff, 0)
  assert.throws(() => decodeMessage(MetadataResponse, 1, bytes), { code: 'PROTOCOL_MALFORMED' })
  const compact = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f])
  assert.throws(() => decodeMessage(MetadataRequest, 12, compact), { code: 'PROTOCOL_MALFORMED' })
})

test('a message that would take far more memory than its bytes is malformed before it is allocated', () => {
  const count = 8_000_000
  const groups = Buffer.alloc(5 + count * 3)
  let at = 0
  for (let rest = count + 1; rest > 0; rest >>>= 7) groups[at++] = (rest & 0x7f) | (rest > 0x7f ? 0x80 : 0)
  assert.throws(() => decodeMessage(OffsetFetchRequest, 8, groups), {
    code: 'PROTOCOL_MALFORMED',
    fields: { position: 4, maxDecodedBytes },
  })
})

test('a null where none may be is malformed', () => {
  const bytes = encodeMessage(MetadataRequest, 1, { topics: [{ name: 'a' }] })
  bytes.writeInt16BE(-1, 4)
  assert.throws(() => decodeMessage(MetadataRequest, 1, bytes), { code: 'PROTOCOL_MALFORMED' })
})

test("Java's largest long keeps its bytes", () => {
  const partitions = [{ fetchOffset: 2 ** 63, logStartOffset: -(2 ** 63) }]
  const bytes = encodeMessage(FetchRequest, 11, { topics: [{ topic: 't', partitions }] })
  assert.equal(bytes.toString('hex').includes('7fffffffffffffff8000000000000000'), true)
  assert.deepEqual(encodeMessage(FetchRequest, 11, decodeMessage(FetchRequest, 11, bytes)), bytes)
})

test('records are views of the decoded bytes, and large ones come out in their place', () => {
  const partition = (fill: number, size: number) => ({ index: fill, records: Buffer.alloc(size, fill) })
  const partitionData = [partition(1, 40_000), partition(2, 10), partition(3, 100_000), partition(4, 0)]
  const bytes = encodeMessage(ProduceRequest, 9, { acks: -1, topicData: [{ name: 't', partitionData }] })
  const decoded = decodeMessage(ProduceRequest, 9, bytes)
  const [first, ...others] = decoded.topicData[0]!.partitionData
  assert.deepEqual([first, ...others], partitionData)
  assert.equal(first!.records!.buffer, bytes.buffer)
})

test('what a writer holds after a large value grows without disturbing it', () => {
  const partitions = Array.from({ length: 60 }, (_, partitionIndex) => ({
    partitionIndex,
    records: Buffer.alloc(partitionIndex % 3 === 0 ? 20_000 : 900, partitionIndex),
  }))
  const bytes = encodeMessage(FetchResponse, 12, { responses: [{ topic: 't', partitions }] })
  const decoded = decodeMessage(FetchResponse, 12, bytes).responses[0]!.partitions
  assert.deepEqual(
    decoded.map(({ partitionIndex, records }) => ({ partitionIndex, records })),
    partitions,
  )
})

test('a version before a message is read back, and a newer one as the latest only where asked', () => {
  const bytes = encodeVersionedMessage(ConsumerProtocolSubscription, 3, { topics: ['a'], rackId: 'r' })
  assert.equal(decodeVersionedMessage(ConsumerProtocolSubscription, bytes).value.rackId, 'r')
  bytes.writeInt16BE(30)
  assert.throws(() => decodeVersionedMessage(ConsumerProtocolSubscription, bytes), {
    code: 'PROTOCOL_UNSUPPORTED_VERSION',
  })
  const newer = decodeVersionedMessage(ConsumerProtocolSubscription, bytes, { newerAsLatest: true })
  assert.deepEqual([newer.version, newer.value.topics], [30, ['a']])
})
