import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, ErrorCode, RecordBatchBuilder } from '@millrace/protocol'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

function createWith(client: CoreClient, name: string, settings: Record<string, string>): void {
  const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
  client.call(apis.CreateTopics, 7, { topics: [{ name, numPartitions: 1, replicationFactor: 1, configs }] })
}

function listOffset(client: CoreClient, topic: string, timestamp: number, isolationLevel = 0): [number, number] {
  const answer = client.call(apis.ListOffsets, 9, {
    isolationLevel,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
  })
  const { offset, timestamp: found, errorCode } = answer.topics[0]!.partitions[0]!
  assert.equal(errorCode, ErrorCode.NONE)
  return [offset, found]
}

test('closed segments older than retention.ms go, and the log start moves', () => {
  const { client, core, clock } = testCore()
  createWith(client, 'order', { 'retention.ms': '1000', 'segment.bytes': '200' })
  for (let index = 0; index < 10; index++) {
    produce(client, 'order', batch([{ value: `v${index}`, timestamp: clock.now() }]))
    clock.advance(300)
  }
  core.enforceRetention()
  const [earliest] = listOffset(client, 'order', -2)
  assert.ok(earliest >= 5 && earliest < 9, `log start ${earliest}`)
  assert.equal(readAll(fetchNow(client, 'order', earliest).records)[0]![1], `v${earliest}`)
})

test('an active segment that is past its time goes too, and offsets go on', () => {
  const { client, core, clock } = testCore()
  createWith(client, 'order', { 'retention.ms': '1000' })
  produce(client, 'order', batch([{ value: 'a', timestamp: clock.now() }]))
  clock.advance(5000)
  core.enforceRetention()
  assert.deepEqual([listOffset(client, 'order', -2)[0], listOffset(client, 'order', -1)[0]], [1, 1])
  assert.equal(produce(client, 'order', batch([{ value: 'b', timestamp: clock.now() }])).baseOffset, 1)
})

test('the offset goes on after a crash of a log that retention had emptied', () => {
  const storage = simulatedStorage({ random: seededRandom(3) })
  const { client, core, clock } = testCore({ storage })
  createWith(client, 'order', { 'retention.ms': '1000' })
  for (let index = 0; index < 4; index++) produce(client, 'order', batch([{ value: 'a', timestamp: clock.now() }]))
  clock.advance(5000)
  core.enforceRetention()
  storage.crash('kill')
  const again = testCore({ storage })
  assert.equal(produce(again.client, 'order', batch([{ value: 'b' }])).baseOffset, 4)
})

test('retention.bytes keeps at least what it says', () => {
  const { client, core } = testCore()
  createWith(client, 'order', { 'retention.bytes': '500', 'segment.bytes': '200' })
  for (let index = 0; index < 20; index++) produce(client, 'order', batch([{ value: 'x'.repeat(20) }]))
  core.enforceRetention()
  const { log } = core.partition('order', 0)!
  assert.ok(log.sizeInBytes >= 500 && log.sizeInBytes < 800, `${log.sizeInBytes} bytes`)
})

test('lowering retention.ms at run time takes effect at the next look', () => {
  const { client, core, clock } = testCore()
  createWith(client, 'order', { 'segment.bytes': '200' })
  for (let index = 0; index < 5; index++)
    produce(client, 'order', batch([{ value: 'x'.repeat(80), timestamp: clock.now() }]))
  clock.advance(10_000)
  core.enforceRetention()
  assert.equal(listOffset(client, 'order', -2)[0], 0)
  client.call(apis.IncrementalAlterConfigs, 1, {
    resources: [
      { resourceType: 2, resourceName: 'order', configs: [{ name: 'retention.ms', configOperation: 0, value: '1' }] },
    ],
  })
  core.enforceRetention()
  assert.equal(listOffset(client, 'order', -2)[0], 5)
})

test('DeleteRecords survives a crash', () => {
  const storage = simulatedStorage({ random: seededRandom(3) })
  const { client } = testCore({ storage })
  createTopic(client, 'order')
  for (let index = 0; index < 5; index++) produce(client, 'order', batch([{ value: `v${index}` }]))
  const answer = client.call(apis.DeleteRecords, 2, {
    topics: [{ name: 'order', partitions: [{ partitionIndex: 0, offset: 3 }] }],
  })
  assert.deepEqual(answer.topics[0]!.partitions[0]!.lowWatermark, 3)
  storage.crash('kill')
  const again = testCore({ storage })
  assert.equal(listOffset(again.client, 'order', -2)[0], 3)
  assert.equal(fetchNow(again.client, 'order', 2).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
})

test('DeleteRecords with -1 empties the partition up to the high watermark, and refuses what lies behind it', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }, { value: 'b' }]))
  const remove = (offset: number) =>
    client.call(apis.DeleteRecords, 2, { topics: [{ name: 'order', partitions: [{ partitionIndex: 0, offset }] }] })
      .topics[0]!.partitions[0]!
  assert.equal(remove(3).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(remove(-1).lowWatermark, 2)
})

test('offsets are found by time over many segments, to the record', () => {
  const { client, clock } = testCore()
  createWith(client, 'order', { 'segment.bytes': '300' })
  const start = clock.now() - 1_000_000
  for (let index = 0; index < 60; index += 2) {
    const at = start + index * 10
    produce(
      client,
      'order',
      batch([
        { value: 'a', timestamp: at },
        { value: 'b', timestamp: at + 10 },
      ]),
    )
  }
  for (const index of [0, 1, 17, 30, 59]) {
    assert.deepEqual(listOffset(client, 'order', start + index * 10), [index, start + index * 10])
    assert.deepEqual(listOffset(client, 'order', start + index * 10 - 9), [index, start + index * 10])
  }
  assert.deepEqual(listOffset(client, 'order', start + 591), [-1, -1])
  assert.deepEqual(listOffset(client, 'order', -3), [59, start + 590])
})

test('the last stable offset does not lie before the log start when a transaction is open there', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const { producerId, producerEpoch } = client.call(apis.InitProducerId, 5, {
    transactionalId: 'open',
    transactionTimeoutMs: 60_000,
  })
  const records = new RecordBatchBuilder()
  records.append(1, null, Buffer.from('undecided'))
  const bytes = records.build({ producerId, producerEpoch, baseSequence: 0, transactional: true })
  client.call(apis.Produce, 12, {
    transactionalId: 'open',
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 'order', partitionData: [{ index: 0, records: bytes }] }],
  })
  produce(client, 'order', batch([{ value: 'plain' }, { value: 'plain' }]))
  client.call(apis.DeleteRecords, 2, { topics: [{ name: 'order', partitions: [{ partitionIndex: 0, offset: 2 }] }] })
  // A consumer that begins at the end would otherwise be told an offset that is out of range.
  assert.equal(listOffset(client, 'order', -1, 1)[0], 2)
})

test('records without a time are kept from when they were appended', () => {
  const { client, core, clock } = testCore()
  createWith(client, 'order', { 'retention.ms': '10000', 'segment.ms': '5000' })
  const timeless = (value: string) => produce(client, 'order', batch([{ value, timestamp: -1 }]))
  timeless('a')
  core.enforceRetention()
  assert.deepEqual(readAll(fetchNow(client, 'order', 0).records), [[0, 'a']])
  clock.advance(6_000)
  timeless('b')
  clock.advance(9_000)
  core.enforceRetention()
  assert.equal(listOffset(client, 'order', -2)[0], 0)
  clock.advance(2_000)
  core.enforceRetention()
  assert.equal(listOffset(client, 'order', -2)[0], 1)
  clock.advance(5_000)
  core.enforceRetention()
  assert.deepEqual([listOffset(client, 'order', -2)[0], listOffset(client, 'order', -1)[0]], [2, 2])
})
