import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, ErrorCode } from '@millrace/protocol'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { produce } from './support/requests.ts'

function create(client: CoreClient, name: string, numPartitions = 1) {
  const topics = [{ name, numPartitions, replicationFactor: 1 }]
  return client.call(apis.CreateTopics, 7, { topics, timeoutMs: 1000 }).topics[0]!
}

function autoCreate(client: CoreClient, name: string): number {
  return client.call(apis.Metadata, 12, { topics: [{ name }], allowAutoTopicCreation: true }).topics[0]!.errorCode
}

/** From nothing over what fits into the last block of a file to what is one byte short of a block. */
for (const freeBytes of [0, 1, 60, 150, 300, 1_000, 4_095]) {
  for (const durability of ['write', 'fsync'] as const) {
    test(`with ${freeBytes} bytes left on the disk no topic is made, nor half of one (${durability})`, () => {
      const storage = simulatedStorage({ random: seededRandom(9) })
      const { core, client } = testCore({ storage, durability })
      createTopic(client, 'before')
      storage.freeBytes = freeBytes
      const refused = create(client, 'new')
      assert.equal(refused.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
      assert.match(refused.errorMessage!, /The disk is full: \d+ bytes are left, too few for 1 partition/)
      assert.equal(autoCreate(client, 'asked'), ErrorCode.KAFKA_STORAGE_ERROR)
      const topics = [{ name: 'before', count: 2, assignments: null }]
      const [grown] = client.call(apis.CreatePartitions, 3, { topics }).results
      assert.equal(grown!.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
      assert.deepEqual(
        Array.from(core.topics.all(), ({ name, partitions }) => [name, partitions.length]),
        [['before', 1]],
      )
      storage.crash('kill')
      const { core: again, client: later } = testCore({ storage, durability })
      assert.deepEqual(
        Array.from(again.topics.all(), ({ name, partitions }) => [name, partitions.length]),
        [['before', 1]],
      )
      assert.deepEqual(storage.list('logs'), [])
      storage.freeBytes = 1_000_000
      assert.equal(create(later, 'new').errorCode, ErrorCode.NONE)
      assert.equal(produce(later, 'new', batch([{ value: 'a' }])).errorCode, ErrorCode.NONE)
    })
  }
}

test('what does not fit is refused, what fits beside it is made', () => {
  const storage = simulatedStorage({ random: seededRandom(9) })
  const { client } = testCore({ storage })
  storage.freeBytes = 10 * 4_096
  assert.equal(create(client, 'large', 100).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.equal(create(client, 'small', 3).errorCode, ErrorCode.NONE)
})
