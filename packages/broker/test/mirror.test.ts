import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, controlBatch, ErrorCode } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

const at = (baseOffset: number, leaderEpoch: number, value: string, fields = {}): Buffer =>
  batch([{ key: 'k', value }], { baseOffset, leaderEpoch, ...fields })

function mirrored(core: BrokerCore): BrokerCore {
  core.createMirror('order', 1, [['segment.bytes', '300']])
  return core
}

const values = (client: CoreClient, offset: number, committed = false): [number, string | null][] =>
  readAll(fetchNow(client, 'order', offset, { committed }).records as Buffer, offset)

function endOf(client: CoreClient, leaderEpoch: number): [number, number] {
  const topics = [{ topic: 'order', partitions: [{ partition: 0, currentLeaderEpoch: -1, leaderEpoch }] }]
  const found = client.call(apis.OffsetForLeaderEpoch, 4, { replicaId: -1, topics }).topics[0]!.partitions[0]!
  return [found.leaderEpoch, found.endOffset]
}

for (const stop of ['clean', 'kill'] as const) {
  test(`a mirror keeps offsets, gaps, epochs and where the log begins, over a stop that is ${stop}`, () => {
    const storage = simulatedStorage({ random: seededRandom(1) })
    const first = testCore({ storage })
    mirrored(first.core)
    assert.equal(first.core.appendReplica('order', 0, Buffer.concat([at(100, 3, 'a'), at(105, 3, 'b')])).errorCode, 0)
    assert.equal(first.core.appendReplica('order', 0, at(200, 7, 'c')).baseOffset, 200)
    if (stop === 'clean') first.core.close()
    else storage.crash('kill')
    const { client, core } = testCore({ storage })
    assert.equal(core.appendReplica('order', 0, at(201, 7, 'd')).errorCode, 0)
    const partition = core.partition('order', 0)!
    assert.deepEqual([partition.logStartOffset, partition.logEndOffset, partition.leaderEpoch], [100, 202, 7])
    assert.equal(fetchNow(client, 'order', 0).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
    const found: string[] = []
    for (let offset = 100; offset < 202; ) {
      const more = values(client, offset)
      offset = more.at(-1)![0] + 1
      found.push(...more.map(([where, value]) => `${where}${value}`))
    }
    assert.deepEqual(found, ['100a', '105b', '200c', '201d'])
    assert.deepEqual(endOf(client, 3), [3, 200])
    assert.deepEqual(endOf(client, 7), [7, 202])
  })
}

test('what is not whole, not behind the end, of an earlier epoch or damaged is refused, and nothing of it is kept', () => {
  const { core } = testCore()
  mirrored(core)
  core.appendReplica('order', 0, at(10, 5, 'a'))
  const refused = (records: Buffer): number => core.appendReplica('order', 0, records).errorCode
  assert.equal(refused(at(10, 5, 'b')), ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(refused(Buffer.concat([at(12, 5, 'b'), at(12, 5, 'c')])), ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(refused(at(11, 4, 'b')), ErrorCode.FENCED_LEADER_EPOCH)
  assert.equal(refused(at(11, 5, 'b').subarray(0, -1)), ErrorCode.CORRUPT_MESSAGE)
  assert.equal(refused(Buffer.alloc(0)), ErrorCode.CORRUPT_MESSAGE)
  assert.equal(refused(Buffer.alloc(100, 7)), ErrorCode.CORRUPT_MESSAGE)
  const damaged = at(11, 5, 'b')
  damaged[damaged.length - 1]! ^= 1
  assert.equal(refused(damaged), ErrorCode.CORRUPT_MESSAGE)
  assert.equal(core.partition('order', 0)!.logEndOffset, 11)
})

test('clients only read a mirror, and only a mirror takes batches as they are', () => {
  const { client, core } = testCore()
  mirrored(core)
  assert.equal(produce(client, 'order', batch([{ value: 'no' }])).errorCode, ErrorCode.POLICY_VIOLATION)
  createTopic(client, 'own')
  assert.equal(core.appendReplica('own', 0, at(0, 0, 'no')).errorCode, ErrorCode.POLICY_VIOLATION)
  assert.throws(() => core.appendReplica('nothing', 0, at(0, 0, 'no')), TypeError)
})

test('a transaction that is open in a mirror stays open over a restart, until its marker comes', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  mirrored(first.core)
  const fields = { producerId: 4711, producerEpoch: 2, baseSequence: 0, transactional: true }
  first.core.appendReplica('order', 0, at(0, 0, 'open', fields))
  storage.crash('kill')
  const { client, core } = testCore({ storage })
  assert.equal(core.partition('order', 0)!.logEndOffset, 1)
  assert.deepEqual(values(client, 0, true), [])
  const producer = { producerId: 4711, producerEpoch: 2, coordinatorEpoch: 9 }
  const marker = controlBatch({ type: 'commit', ...producer, timestamp: 1, baseOffset: 1, leaderEpoch: 0 })
  assert.equal(core.appendReplica('order', 0, marker).errorCode, 0)
  assert.deepEqual(values(client, 0, true), [[0, 'open']])
})

test('a mirror that becomes an ordinary topic takes records in an epoch of its own, and what was open is aborted', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core } = testCore({ storage })
  mirrored(core)
  core.appendReplica('order', 0, at(0, 6, 'a'))
  const fields = { producerId: 4711, producerEpoch: 2, baseSequence: 0, transactional: true }
  core.appendReplica('order', 0, at(1, 6, 'open', fields))
  core.endMirroring(core.topics.topic('order')!)
  assert.equal(produce(client, 'order', batch([{ value: 'own' }])).baseOffset, 3)
  assert.deepEqual(
    values(client, 0, true).filter(([, value]) => value !== 'open'),
    [
      [0, 'a'],
      [3, 'own'],
    ],
  )
  assert.deepEqual(core.partition('order', 0)!.abortedTransactions(0, 10), [{ producerId: 4711, firstOffset: 1 }])
  assert.deepEqual(endOf(client, 6), [6, 2])
  storage.crash('kill')
  const again = testCore({ storage })
  assert.equal(produce(again.client, 'order', batch([{ value: 'more' }])).baseOffset, 4)
  assert.ok(again.core.partition('order', 0)!.leaderEpoch > 7)
})
