import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, batchesIn, ErrorCode, type RecordBatchView } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { type CoreClient, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

function createWith(client: CoreClient, settings: Record<string, string>): void {
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }))
  const answer = client.call(apis.CreateTopics, 7, {
    topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs }],
  })
  assert.equal(answer.topics[0]!.errorCode, 0, answer.topics[0]!.errorMessage ?? '')
}

function alter(client: CoreClient, name: string, value: string): void {
  const configs = [{ name, value, configOperation: 0 }]
  const answer = client.call(apis.IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: 2, resourceName: 'order', configs }],
  })
  assert.equal(answer.responses[0]!.errorCode, 0)
}

const stored = (client: CoreClient, offset = 0): RecordBatchView =>
  [...batchesIn(fetchNow(client, 'order', offset).records as Buffer)][0]!
const baseOffsets = (core: BrokerCore): number[] =>
  core.partition('order', 0)!.log.segments.map((one) => one.baseOffset)

const records = [
  { key: 'a', value: 'x'.repeat(500) },
  { key: 'b', value: 'y'.repeat(500), timestamp: 1_700_000_000_500 },
]

for (const wanted of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  for (const sent of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    test(`a batch sent with ${sent} is kept with ${wanted} where the topic wants it, and nothing else changes`, () => {
      const { client } = testCore()
      createWith(client, { 'compression.type': wanted })
      const fields = { producerId: 9, producerEpoch: 1, baseSequence: 0 }
      assert.equal(produce(client, 'order', batch(records, { compression: sent, ...fields })).errorCode, 0)
      const kept = stored(client)
      assert.equal(kept.compression, wanted === 'uncompressed' ? 'none' : wanted)
      assert.ok(kept.isCrcValid())
      assert.deepEqual(
        [kept.producerId, kept.producerEpoch, kept.baseSequence, kept.maxTimestamp],
        [9, 1, 0, 1_700_000_000_500],
      )
      assert.deepEqual(readAll(kept.bytes()), [
        [0, 'x'.repeat(500)],
        [1, 'y'.repeat(500)],
      ])
      const again = produce(client, 'order', batch(records, { compression: sent, ...fields }))
      assert.deepEqual([again.errorCode, again.baseOffset], [0, 0])
    })
  }
}

test('the level of the topic counts (KIP-390), and LogAppendTime and compression go together', () => {
  const text = Array.from({ length: 2000 }, (_, index) => `${index * 7919} ${index % 97}`).join(' ')
  const sizes = ['1', '9'].map((level) => {
    const { client, clock } = testCore()
    createWith(client, {
      'compression.type': 'gzip',
      'compression.gzip.level': level,
      'message.timestamp.type': 'LogAppendTime',
    })
    assert.equal(produce(client, 'order', batch([{ value: text, timestamp: 5 }])).logAppendTimeMs, clock.now())
    const kept = stored(client)
    assert.ok(kept.isCrcValid())
    assert.equal(kept.timestampType, 'logAppendTime')
    assert.deepEqual(readAll(kept.bytes()), [[0, text]])
    return kept.sizeInBytes
  })
  assert.ok(sizes[1]! < sizes[0]!, `${sizes}`)
})

test('a batch that only gets too large by the topic’s compression is refused', () => {
  const { client } = testCore()
  createWith(client, { 'compression.type': 'uncompressed', 'max.message.bytes': '1000' })
  const answer = produce(client, 'order', batch([{ value: 'z'.repeat(5000) }], { compression: 'gzip' }))
  assert.equal(answer.errorCode, ErrorCode.MESSAGE_TOO_LARGE)
})

test('1 MiB and a byte is refused by default, and raising the limit of the topic takes effect at once', () => {
  const { client } = testCore()
  createWith(client, {})
  const overhead = batch([{ value: 'x'.repeat(1_000_000) }]).length - 1_000_000
  const limit = 1_048_588
  const send = (size: number): number =>
    produce(client, 'order', batch([{ value: 'x'.repeat(size - overhead) }])).errorCode
  assert.equal(send(limit), 0)
  assert.equal(send(limit + 1), ErrorCode.MESSAGE_TOO_LARGE)
  alter(client, 'max.message.bytes', '2000000')
  assert.equal(send(limit + 1), 0)
})

test('every record outside the times that are allowed is named, and the batch is refused (KIP-467, KIP-937)', () => {
  const { client, clock } = testCore()
  createWith(client, { 'message.timestamp.before.max.ms': '1000', 'message.timestamp.after.max.ms': '2000' })
  const now = clock.now()
  const send = (...times: number[]) =>
    produce(client, 'order', batch(times.map((timestamp) => ({ value: 'v', timestamp }))))
  assert.equal(send(now - 1000, now + 2000, now).errorCode, 0)
  const refused = send(now, now - 1001, now, now + 2001)
  assert.equal(refused.errorCode, ErrorCode.INVALID_TIMESTAMP)
  assert.deepEqual(
    refused.recordErrors.map((one) => one.batchIndex),
    [1, 3],
  )
  assert.match(refused.recordErrors[0]!.batchIndexErrorMessage!, /out of range/)
  alter(client, 'message.timestamp.type', 'LogAppendTime')
  assert.equal(send(5).errorCode, 0)
})

test('a record without a key and one out of time in one batch are both named', () => {
  const { client, clock } = testCore()
  createWith(client, { 'cleanup.policy': 'compact', 'message.timestamp.after.max.ms': '1000' })
  const now = clock.now()
  const answer = produce(
    client,
    'order',
    batch([
      { key: 'a', value: 'a', timestamp: now + 5000 },
      { value: 'b', timestamp: now },
    ]),
  )
  assert.equal(answer.errorCode, ErrorCode.INVALID_RECORD)
  assert.deepEqual(
    answer.recordErrors.map((one) => one.batchIndex),
    [0, 1],
  )
})

test('a segment ends by age, by up to segment.jitter.ms earlier, and settings count from the next append on', () => {
  const { client, core, clock } = testCore()
  createWith(client, { 'segment.ms': '1000' })
  const put = (): void => void produce(client, 'order', batch([{ value: 'v' }]))
  put()
  clock.advance(999)
  put()
  assert.deepEqual(baseOffsets(core), [0])
  clock.advance(1)
  put()
  assert.deepEqual(baseOffsets(core), [0, 2])
  alter(client, 'segment.ms', '100')
  clock.advance(100)
  put()
  assert.deepEqual(baseOffsets(core), [0, 2, 3])
  alter(client, 'segment.ms', '100000')
  alter(client, 'segment.jitter.ms', '50000')
  const starts: number[] = []
  for (let step = 0; step < 400; step++) {
    put()
    clock.advance(1000)
  }
  const offsets = baseOffsets(core).slice(3)
  for (let index = 1; index < offsets.length; index++) starts.push(offsets[index]! - offsets[index - 1]!)
  assert.ok(
    starts.every((length) => length >= 50 && length <= 101),
    `${starts}`,
  )
  assert.ok(new Set(starts).size > 1, `${starts}`)
})

test('a segment ends when its index is full, and the index has an entry every index.interval.bytes', () => {
  const { client, core } = testCore()
  createWith(client, { 'segment.index.bytes': '120', 'index.interval.bytes': '0' })
  for (let index = 0; index < 25; index++) produce(client, 'order', batch([{ value: 'v' }]))
  assert.deepEqual(baseOffsets(core), [0, 10, 20])
  const wide = testCore()
  createWith(wide.client, { 'segment.index.bytes': '120' })
  for (let index = 0; index < 25; index++) produce(wide.client, 'order', batch([{ value: 'v' }]))
  assert.deepEqual(baseOffsets(wide.core), [0])
})

test('minutes give way to milliseconds, hours to minutes', () => {
  const effective = (config: Record<string, string>): string =>
    testCore({ config }).core.config.string('log.retention.ms')
  assert.equal(effective({ 'log.retention.hours': '1', 'log.retention.minutes': '5' }), '300000')
  assert.equal(effective({ 'log.retention.minutes': '5', 'log.retention.hours': '1' }), '300000')
  assert.equal(effective({ 'log.retention.ms': '7', 'log.retention.minutes': '5' }), '7')
  assert.equal(effective({ 'log.retention.hours': '-1' }), '-1')
})

test('a setting of the broker counts for topics that have none of their own, at once', () => {
  const { client, core, clock } = testCore()
  createWith(client, { 'segment.bytes': '100' })
  for (let index = 0; index < 5; index++) produce(client, 'order', batch([{ value: 'v', timestamp: clock.now() }]))
  clock.advance(10_000)
  const configs = [{ name: 'log.retention.ms', value: '5000', configOperation: 0 }]
  client.call(apis.IncrementalAlterConfigs, 1, { resources: [{ resourceType: 4, resourceName: '', configs }] })
  clock.advance(300_000)
  assert.equal(core.partition('order', 0)!.logStartOffset, 5)
})

test('an empty cleanup.policy keeps everything, and segments from the future stay until their time', () => {
  const { client, core, clock } = testCore()
  createWith(client, { 'cleanup.policy': '', 'retention.ms': '1000', 'retention.bytes': '10', 'segment.bytes': '100' })
  const future = clock.now() + 3_000_000
  for (let index = 0; index < 5; index++)
    produce(client, 'order', batch([{ value: 'v', timestamp: index === 2 ? future : clock.now() }]))
  clock.advance(100_000)
  core.enforceRetention()
  core.compact()
  const partition = core.partition('order', 0)!
  assert.equal(partition.logStartOffset, 0)
  alter(client, 'cleanup.policy', 'delete')
  alter(client, 'retention.bytes', '-1')
  core.enforceRetention()
  assert.equal(partition.logStartOffset, 2)
  clock.advance(3_000_000)
  core.enforceRetention()
  assert.equal(partition.logStartOffset, 5)
})

test('compact and delete together: the last of each key, and of that only what is young', () => {
  const { client, core, clock } = testCore()
  createWith(client, {
    'cleanup.policy': 'compact,delete',
    'retention.ms': '10000',
    'segment.bytes': '150',
    'min.cleanable.dirty.ratio': '0',
  })
  const put = (key: string): void => {
    assert.equal(produce(client, 'order', batch([{ key, value: key.repeat(60), timestamp: clock.now() }])).errorCode, 0)
  }
  put('a')
  clock.advance(6_000)
  for (const key of ['b', 'c', 'b', 'c']) put(key)
  core.compact()
  const keys = (): string[] => {
    const found: string[] = []
    for (const one of core.partition('order', 0)!.scan()) {
      for (const cursor = one.cursor(); cursor.next(); ) found.push(cursor.keyBytes()!.toString())
    }
    return found
  }
  // The last c is in the active segment, which hides nothing yet.
  assert.deepEqual(keys(), ['a', 'c', 'b', 'c'])
  clock.advance(6_000)
  put('d')
  core.enforceRetention()
  assert.ok(!keys().includes('a') || core.partition('order', 0)!.logStartOffset === 0)
  clock.advance(20_000)
  core.enforceRetention()
  assert.deepEqual(keys(), [])
})

test('the offsets topic does not grow with commits: compaction gets at small segments', () => {
  const { client, core, clock } = testCore({ config: { 'offsets.topic.segment.bytes': '100000' } })
  createWith(client, {})
  for (let commit = 0; commit < 20_000; commit++) {
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: commit }] }]
    const answer = client.call(apis.OffsetCommit, 8, {
      groupId: `group-${commit % 10}`,
      topics,
      generationIdOrMemberEpoch: -1,
    })
    assert.equal(answer.topics[0]!.partitions[0]!.errorCode, 0)
    if (commit % 100 === 0) clock.advance(1000)
  }
  const { log } = core.partition('__consumer_offsets', 0)!
  assert.ok(log.sizeInBytes < 500_000, `${log.sizeInBytes} bytes`)
})
