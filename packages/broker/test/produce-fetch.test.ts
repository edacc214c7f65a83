import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, ErrorCode, type FetchRequest, type MessageInput, RecordBatchView, ZERO_UUID } from '@millrace/protocol'
import { createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { beginFetch, beginProduce, fetchNow, produce } from './support/requests.ts'

test('records come back at the offsets their produce was answered with', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  assert.equal(produce(client, 'order', batch([{ value: 'a' }, { value: 'b' }])).baseOffset, 0)
  assert.equal(produce(client, 'order', batch([{ value: 'c' }])).baseOffset, 2)
  const fetched = fetchNow(client, 'order', 0)
  assert.deepEqual(readAll(fetched.records), [
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
  ])
  assert.deepEqual([fetched.highWatermark, fetched.lastStableOffset, fetched.logStartOffset], [3, 3, 0])
})

for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`a batch compressed with ${compression} is served as the bytes that came`, () => {
    const { client } = testCore()
    createTopic(client, 'order')
    const sent = batch([{ value: 'a'.repeat(500) }, { value: 'b' }], { compression })
    const before = Buffer.from(sent)
    assert.equal(produce(client, 'order', sent).errorCode, ErrorCode.NONE)
    const { records } = fetchNow(client, 'order', 0)
    // All but base offset and leader epoch, which the log stamps.
    assert.deepEqual(records!.subarray(16), before.subarray(16))
  })
}

test('a fetch from the middle of a batch gets the whole batch', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }, { value: 'b' }, { value: 'c' }]))
  assert.deepEqual(readAll(fetchNow(client, 'order', 1).records, 1), [
    [1, 'b'],
    [2, 'c'],
  ])
})

test('a batch whose bytes changed on the way is refused as corrupt and leaves no trace', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const damaged = batch([{ value: 'a' }])
  damaged[damaged.length - 1]! ^= 1
  assert.equal(produce(client, 'order', damaged).errorCode, ErrorCode.CORRUPT_MESSAGE)
  assert.equal(fetchNow(client, 'order', 0).highWatermark, 0)
})

test('a batch over max.message.bytes is refused until the setting is raised', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const large = batch([{ value: 'x'.repeat(1_048_588) }])
  assert.equal(produce(client, 'order', large).errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  client.call(apis.IncrementalAlterConfigs, 1, {
    resources: [
      {
        resourceType: 2,
        resourceName: 'order',
        configs: [{ name: 'max.message.bytes', configOperation: 0, value: '2000000' }],
      },
    ],
  })
  assert.equal(produce(client, 'order', large).errorCode, ErrorCode.NONE)
})

test('a batch whose header counts more records than it holds is refused', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const lying = batch([{ value: 'a' }, { value: 'b' }], { lastOffsetDelta: 5 })
  assert.equal(produce(client, 'order', lying).errorCode, ErrorCode.INVALID_RECORD)
})

test('a compacted topic names the record that has no key', () => {
  const { client } = testCore()
  const configs = [{ name: 'cleanup.policy', value: 'compact' }]
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'table', numPartitions: 1, replicationFactor: 1, configs }] })
  const answer = produce(client, 'table', batch([{ key: 'k', value: 'a' }, { value: 'b' }], { compression: 'lz4' }))
  assert.equal(answer.errorCode, ErrorCode.INVALID_RECORD)
  assert.equal(answer.recordErrors[0]!.batchIndex, 1)
})

test('LogAppendTime replaces the times of records by the broker’s and keeps the CRC right', () => {
  const { client, clock } = testCore()
  const configs = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'log', numPartitions: 1, replicationFactor: 1, configs }] })
  assert.equal(produce(client, 'log', batch([{ value: 'a', timestamp: 5 }])).logAppendTimeMs, clock.now())
  const listed = client.call(apis.ListOffsets, 7, {
    topics: [{ name: 'log', partitions: [{ partitionIndex: 0, timestamp: clock.now() }] }],
  })
  assert.deepEqual(listed.topics[0]!.partitions[0]!.offset, 0)
  assert.equal(new RecordBatchView(fetchNow(client, 'log', 0).records!).isCrcValid(), true)
})

test('a record further ahead than the topic allows is refused', () => {
  const { client, clock } = testCore()
  createTopic(client, 'order')
  const ahead = batch([{ value: 'a', timestamp: clock.now() + 3_600_001 }])
  assert.equal(produce(client, 'order', ahead).errorCode, ErrorCode.INVALID_TIMESTAMP)
})

test('acks=0 appends and answers nothing', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  assert.equal(beginProduce(client, 'order', batch([{ value: 'a' }]), { acks: 0 }).body, undefined)
  assert.equal(fetchNow(client, 'order', 0).highWatermark, 1)
})

test('the broker’s own topics take no records from clients', () => {
  const { client, core } = testCore()
  core.topics.internalTopic('__consumer_offsets')
  const answer = produce(client, '__consumer_offsets', batch([{ key: 'k', value: 'a' }]))
  assert.equal(answer.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
})

test('a waiting fetch wakes with the data, not with the clock', () => {
  const { client, clock } = testCore()
  createTopic(client, 'order')
  const waiting = beginFetch(client, 'order', 0, { maxWaitMs: 500 })
  assert.equal(waiting.body, undefined)
  produce(client, 'order', batch([{ value: 'a' }]))
  assert.deepEqual(readAll(waiting.body!.responses[0]!.partitions[0]!.records), [[0, 'a']])
  assert.equal(clock.now(), 1_700_000_000_000)
})

test('a waiting fetch answers empty when its time is over', () => {
  const { client, clock } = testCore()
  createTopic(client, 'order')
  const waiting = beginFetch(client, 'order', 0, { maxWaitMs: 500 })
  clock.advance(499)
  assert.equal(waiting.body, undefined)
  clock.advance(1)
  assert.equal(waiting.body!.responses[0]!.partitions[0]!.records!.length, 0)
})

test('a waiting fetch gathers as many bytes as it asked for', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const one = batch([{ value: 'x'.repeat(100) }])
  const waiting = beginFetch(client, 'order', 0, { maxWaitMs: 500, minBytes: one.length * 2 })
  produce(client, 'order', one)
  assert.equal(waiting.body, undefined)
  produce(client, 'order', batch([{ value: 'x'.repeat(100) }]))
  assert.equal(waiting.body!.responses[0]!.partitions[0]!.records!.length, one.length * 2)
})

test('deleting a topic ends the fetches that wait for it', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const waiting = beginFetch(client, 'order', 0, { maxWaitMs: 500 })
  client.call(apis.DeleteTopics, 5, { topicNames: ['order'], timeoutMs: 1000 })
  assert.equal(waiting.body!.responses[0]!.partitions[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('the first batch comes even when it is larger than every limit', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'x'.repeat(10_000) }]))
  produce(client, 'order', batch([{ value: 'y' }]))
  const fetched = fetchNow(client, 'order', 0, { maxBytes: 10, partitionMaxBytes: 10 })
  assert.deepEqual(
    readAll(fetched.records).map(([offset]) => offset),
    [0],
  )
})

test('a negative limit is a limit of nothing, and the first batch comes', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }]))
  produce(client, 'order', batch([{ value: 'b' }]))
  assert.deepEqual(readAll(fetchNow(client, 'order', 0, { maxBytes: -1, partitionMaxBytes: -9000 }).records), [
    [0, 'a'],
  ])
})

test('offsets before the log start and behind the log end are out of range', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }, { value: 'b' }]))
  assert.equal(fetchNow(client, 'order', 3).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  client.call(apis.DeleteRecords, 2, { topics: [{ name: 'order', partitions: [{ partitionIndex: 0, offset: 1 }] }] })
  const before = fetchNow(client, 'order', 0)
  assert.deepEqual([before.errorCode, before.logStartOffset], [ErrorCode.OFFSET_OUT_OF_RANGE, 1])
  assert.deepEqual(readAll(fetchNow(client, 'order', 1).records, 1), [[1, 'b']])
})

test('from version 13 on topics are fetched by id, and an unknown id is named as such', () => {
  const { client, core } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }]))
  const fetchById = (topicId: string) =>
    client.call(apis.Fetch, 16, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1000,
      topics: [{ topicId, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }],
    }).responses[0]!.partitions[0]!
  assert.deepEqual(readAll(fetchById(core.topics.topic('order')!.id).records), [[0, 'a']])
  assert.equal(fetchById('AAAAAAAAAAAAAAAAAAAAAQ').errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  assert.equal(fetchById(ZERO_UUID).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('a fetch session remembers partitions and answers only with news', () => {
  const { client } = testCore()
  createTopic(client, 'order', 2)
  const fetch = (sessionId: number, sessionEpoch: number, extra: MessageInput<FetchRequest> = {}) =>
    client.call(apis.Fetch, 12, { maxWaitMs: 0, minBytes: 1, maxBytes: 100_000, sessionId, sessionEpoch, ...extra })
  const partitions = [0, 1].map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1000 }))
  const opened = fetch(0, 0, { topics: [{ topic: 'order', partitions }] })
  assert.notEqual(opened.sessionId, 0)
  assert.equal(opened.responses[0]!.partitions.length, 2)
  assert.deepEqual(fetch(opened.sessionId, 1).responses, [])
  produce(client, 'order', batch([{ value: 'a' }]), { partition: 1 })
  const second = fetch(opened.sessionId, 2)
  assert.deepEqual(
    second.responses[0]!.partitions.map((one) => one.partitionIndex),
    [1],
  )
  const forgotten = fetch(opened.sessionId, 3, { forgottenTopicsData: [{ topic: 'order', partitions: [1] }] })
  assert.deepEqual(forgotten.responses, [])
  assert.equal(fetch(opened.sessionId, 7).errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  assert.equal(fetch(12345, 1).errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
})

test('closing a session lets go of what waits in it', () => {
  const { client, core } = testCore()
  createTopic(client, 'order')
  beginFetch(client, 'order', 0, { maxWaitMs: 500 })
  const partition = core.partition('order', 0)!
  assert.equal(partition.readers.size, 1)
  client.session.close()
  assert.equal(partition.readers.size, 0)
})
