import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, batchesIn, ErrorCode } from '@millrace/protocol'
import { type SimulatedStorage, simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { beginFetch, fetchNow, produce } from './support/requests.ts'

const disk = (): SimulatedStorage => simulatedStorage({ random: seededRandom(3) })

function leaderEpoch(client: CoreClient, topic: string, partition = 0): number {
  const answer = client.call(apis.Metadata, 12, { topics: [{ name: topic }] })
  return answer.topics[0]!.partitions.find((one) => one.partitionIndex === partition)!.leaderEpoch
}

function endOf(client: CoreClient, epoch: number, currentLeaderEpoch = -1): [number, number, number] {
  const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch: epoch }]
  const answer = client.call(apis.OffsetForLeaderEpoch, 4, { replicaId: -1, topics: [{ topic: 'order', partitions }] })
  const found = answer.topics[0]!.partitions[0]!
  return [found.errorCode, found.leaderEpoch, found.endOffset]
}

function put(client: CoreClient, count: number): void {
  for (let index = 0; index < count; index++) {
    assert.equal(produce(client, 'order', batch([{ value: 'v' }])).errorCode, 0)
  }
}

/** Apache Kafka 4.3 with one replica, asked: a new partition begins at 0, each start adds 2, clean or not. */
test('every start begins an epoch, and a partition begins at 0', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  assert.equal(leaderEpoch(first.client, 'order'), 0)
  first.core.close()
  const second = testCore({ storage })
  assert.equal(leaderEpoch(second.client, 'order'), 2)
  createTopic(second.client, 'later')
  second.client.call(apis.CreatePartitions, 3, { topics: [{ name: 'order', count: 2, assignments: null }] })
  storage.crash('kill')
  const { client } = testCore({ storage })
  assert.deepEqual([leaderEpoch(client, 'order'), leaderEpoch(client, 'later')], [4, 2])
  assert.equal(leaderEpoch(client, 'order', 1), 2)
})

for (const stop of ['clean', 'kill'] as const) {
  test(`where each epoch ends is known after stops that were ${stop}`, () => {
    const storage = disk()
    for (let life = 0; life < 4; life++) {
      const { client, core } = testCore({ storage })
      if (life === 0) {
        const configs = [{ name: 'segment.bytes', value: '200' }]
        client.call(apis.CreateTopics, 7, {
          topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs }],
        })
      }
      // In its third life nothing is written: that epoch leaves no trace.
      if (life !== 2) put(client, 5)
      if (stop === 'clean') core.close()
      else storage.crash('kill')
    }
    const { client } = testCore({ storage })
    assert.deepEqual(endOf(client, 0), [0, 0, 5])
    assert.deepEqual(endOf(client, 2), [0, 2, 10])
    assert.deepEqual(endOf(client, 4), [0, 2, 10])
    assert.deepEqual(endOf(client, 6), [0, 6, 15])
    assert.deepEqual(endOf(client, 8), [0, 8, 15])
    assert.deepEqual(endOf(client, 9), [0, -1, -1])
    const epochs = [0, 5, 10].map(
      (offset) => [...batchesIn(fetchNow(client, 'order', offset).records!)][0]!.leaderEpoch,
    )
    assert.deepEqual(epochs, [0, 2, 6])
  })
}

test('a client that believes in an older epoch is fenced, in a later one unknown', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  first.core.close()
  const { client } = testCore({ storage })
  assert.equal(endOf(client, 0, 0)[0], ErrorCode.FENCED_LEADER_EPOCH)
  assert.equal(endOf(client, 0, 3)[0], ErrorCode.UNKNOWN_LEADER_EPOCH)
  assert.equal(endOf(client, 0, 2)[0], ErrorCode.NONE)
})

test('a power loss that took records under write shows: the epoch in which they were ends before them', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  first.core.close()
  put(testCore({ storage }).client, 200)
  storage.crash('power')
  const { client, core } = testCore({ storage })
  const left = core.partition('order', 0)!.logEndOffset
  assert.ok(left < 200)
  put(client, 250 - left)
  assert.deepEqual(endOf(client, 2), left > 0 ? [0, 2, left] : [0, 2, 0])
  assert.deepEqual(endOf(client, 4), [0, 4, 250])
})

test('a fetch that goes on from an epoch the log has lost is told where they part (KIP-595)', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  put(first.client, 5)
  first.core.close()
  const { client } = testCore({ storage })
  put(client, 10)
  const fetch = (fetchOffset: number, lastFetchedEpoch: number) => {
    const partitions = [{ partition: 0, fetchOffset, lastFetchedEpoch, partitionMaxBytes: 1_000_000 }]
    const body = { maxWaitMs: 500, minBytes: 1, maxBytes: 1_000_000, sessionEpoch: -1 }
    const { body: answer } = client.begin(apis.Fetch, 12, { ...body, topics: [{ topic: 'order', partitions }] })
    return answer!.responses[0]!.partitions[0]!
  }
  const parted = fetch(8, 0)
  assert.equal(parted.errorCode, ErrorCode.NONE)
  assert.equal(parted.records!.length, 0)
  assert.deepEqual([parted.divergingEpoch.epoch, parted.divergingEpoch.endOffset], [0, 5])
  assert.ok(fetch(5, 0).records!.length > 0)
  assert.equal(fetch(8, 2).divergingEpoch.endOffset, -1)
  assert.equal(fetch(8, 7).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
})

test('epochs go with the records: deleted from the beginning, kept by the batches of a segment that is rolled', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  put(first.client, 5)
  first.core.close()
  const { client, core } = testCore({ storage })
  put(client, 5)
  core.partition('order', 0)!.advanceLogStart(7)
  assert.deepEqual(endOf(client, 0), [0, 0, 7])
  assert.deepEqual(core.partition('order', 0)!.epochs.entries, [[2, 7]])
})

test('ListOffsets tells the epoch that wrote the record it names', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  produce(first.client, 'order', batch([{ value: 'a', timestamp: 1000 }]))
  first.core.close()
  const { client } = testCore({ storage })
  produce(client, 'order', batch([{ value: 'b', timestamp: 2000 }]))
  const list = (timestamp: number, version = 11) => {
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, timestamp }] }]
    const {
      errorCode,
      offset,
      leaderEpoch: epoch,
    } = client.call(apis.ListOffsets, version, { topics }).topics[0]!.partitions[0]!
    return [errorCode, offset, epoch]
  }
  assert.deepEqual(list(-1), [0, 2, 2])
  assert.deepEqual(list(-2), [0, 0, 0])
  assert.deepEqual(list(-3), [0, 1, 2])
  assert.deepEqual(list(-4), [0, 0, 0])
  assert.deepEqual(list(-5), [0, -1, -1])
  assert.deepEqual(list(-6), [0, -1, -1])
  assert.deepEqual(list(500), [0, 0, 0])
  assert.deepEqual(list(1500), [0, 1, 2])
  assert.deepEqual(list(-7), [ErrorCode.UNSUPPORTED_VERSION, -1, -1])
  assert.deepEqual(list(-3, 6), [ErrorCode.UNSUPPORTED_VERSION, -1, -1])
})

test('a long poll with a stale epoch is not kept waiting', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  first.core.close()
  const { client } = testCore({ storage })
  const partitions = [{ partition: 0, currentLeaderEpoch: 0, fetchOffset: 0, partitionMaxBytes: 1000 }]
  const body = {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 1000,
    sessionEpoch: -1,
    topics: [{ topic: 'order', partitions }],
  }
  const { body: answer } = client.begin(apis.Fetch, 12, body)
  assert.equal(answer!.responses[0]!.partitions[0]!.errorCode, ErrorCode.FENCED_LEADER_EPOCH)
  assert.equal(beginFetch(client, 'order', 0, { maxWaitMs: 500 }).body, undefined)
})
