import assert from 'node:assert/strict'
import test from 'node:test'
import { isMillraceError, seededRandom } from '@millrace/base'
import { apis, crc32c, ErrorCode } from '@millrace/protocol'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { beginFetch, beginProduce, fetchNow, produce } from './support/requests.ts'

/** One fetch ends with its segment: reads on until nothing more comes. */
function allValues(client: CoreClient): (string | null)[] {
  const found: (string | null)[] = []
  for (;;) {
    const more = values(fetchNow(client, 'order', found.length).records)
    if (more.length === 0) return found
    found.push(...more)
  }
}

const values = (records: Buffer | null): (string | null)[] => readAll(records).map(([, value]) => value)

test('after a clean stop everything is there, and no log is read to find out', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  createTopic(first.client, 'order', 3)
  produce(first.client, 'order', batch([{ value: 'a' }]), { partition: 2 })
  const topicId = first.core.topics.topic('order')!.id
  first.core.close()

  let reads = 0
  const counting = {
    ...storage,
    open: (path: string) => {
      const file = storage.open(path)
      const readAt = (position: number, length: number): Buffer => {
        reads++
        return file.readAt(position, length)
      }
      return Object.create(file, { readAt: { value: readAt } }) as typeof file
    },
  }
  const { client, core } = testCore({ storage: counting })
  assert.equal(reads, 0)
  assert.equal(core.topics.topic('order')!.id, topicId)
  assert.equal(produce(client, 'order', batch([{ value: 'b' }]), { partition: 2 }).baseOffset, 1)
  assert.deepEqual(values(fetchNow(client, 'order', 0, { partition: 2 }).records), ['a', 'b'])
})

test('a killed process leaves everything that was acknowledged', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  for (let index = 0; index < 50; index++) produce(first.client, 'order', batch([{ value: `v${index}` }]))
  storage.crash('kill')
  const { client } = testCore({ storage })
  assert.deepEqual(
    values(fetchNow(client, 'order', 0).records),
    Array.from({ length: 50 }, (_, index) => `v${index}`),
  )
})

test('a torn tail is cut behind the last whole batch, and appends go on from there', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  produce(first.client, 'order', batch([{ value: 'a' }]))
  produce(first.client, 'order', batch([{ value: 'b' }]))
  const topicId = first.core.topics.topic('order')!.id
  const log = storage.open(`logs/${topicId}/0/00000000000000000000.log`)
  log.truncate(log.size - 3)

  const { client, core } = testCore({ storage })
  assert.ok(core.recoveredCutBytes > 0)
  assert.equal(produce(client, 'order', batch([{ value: 'c' }])).baseOffset, 1)
  assert.deepEqual(values(fetchNow(client, 'order', 0).records), ['a', 'c'])
})

test('garbage behind the last batch is cut', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  produce(first.client, 'order', batch([{ value: 'a' }]))
  const topicId = first.core.topics.topic('order')!.id
  storage.open(`logs/${topicId}/0/00000000000000000000.log`).append(Buffer.alloc(100, 7))
  const { client, core } = testCore({ storage })
  assert.equal(core.recoveredCutBytes, 100)
  assert.deepEqual(values(fetchNow(client, 'order', 0).records), ['a'])
})

test('a metadata journal that is damaged in its middle refuses the start, and costs no topic its log', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  for (const name of ['a', 'b', 'c']) {
    createTopic(first.client, name)
    produce(first.client, name, batch([{ value: 'kept' }]))
  }
  const ids = ['a', 'b', 'c'].map((name) => first.core.topics.topic(name)!.id)
  const journal = storage.readFile('metadata/journal.log')!
  const damaged = Buffer.from(journal)
  damaged[damaged.indexOf(ids[0]!)]! ^= 1
  storage.replaceFile('metadata/journal.log', damaged)
  assert.throws(() => testCore({ storage }), { code: 'BROKER_DATA_DAMAGED' })
  storage.replaceFile('metadata/journal.log', journal)
  const { client } = testCore({ storage })
  for (const name of ['a', 'b', 'c']) assert.deepEqual(values(fetchNow(client, name, 0).records), ['kept'])
})

test('a torn metadata journal keeps every topic before the tear', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  createTopic(first.client, 'kept')
  createTopic(first.client, 'torn')
  const journal = storage.open('metadata/journal.log')
  journal.truncate(journal.size - 1)
  const second = testCore({ storage })
  assert.ok(second.core.topics.topic('kept'))
  assert.equal(second.core.topics.topic('torn'), undefined)
  createTopic(second.client, 'torn')
  assert.ok(testCore({ storage }).core.topics.topic('torn'))
})

test('a data folder of a newer format is refused', () => {
  const storage = memoryStorage()
  storage.replaceFile('format.json', Buffer.from('{"format":99}'))
  assert.throws(
    () => testCore({ storage }),
    (error) => isMillraceError(error) && error.code === 'BROKER_FORMAT_TOO_NEW',
  )
})

test('logs of a topic whose deletion was recorded are removed at the next start', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  produce(first.client, 'order', batch([{ value: 'a' }]))
  const topicId = first.core.topics.topic('order')!.id
  const realDelete = storage.delete
  storage.delete = () => {
    throw new Error('died here')
  }
  first.client.call(apis.DeleteTopics, 5, { topicNames: ['order'], timeoutMs: 1000 })
  assert.ok(storage.list('logs').includes(topicId))
  storage.delete = realDelete
  storage.crash('kill')
  const second = testCore({ storage })
  assert.equal(second.core.topics.topic('order'), undefined)
  assert.deepEqual(storage.list('logs'), [])
})

test('segments roll by size, and offsets are found in all of them after a restart', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  const configs = [{ name: 'segment.bytes', value: '300' }]
  first.client.call(apis.CreateTopics, 7, {
    topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs }],
  })
  for (let index = 0; index < 40; index++) produce(first.client, 'order', batch([{ value: `v${index}` }]))
  assert.ok(first.core.partition('order', 0)!.log.segments.length > 5)
  storage.crash('kill')
  const { client, core } = testCore({ storage })
  assert.equal(core.partition('order', 0)!.logEndOffset, 40)
  for (let index = 0; index < 40; index++) {
    assert.equal(values(fetchNow(client, 'order', index, { partitionMaxBytes: 1 }).records)[0], `v${index}`)
  }
})

test('under fsync neither the answer nor the record shows before the device has it', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  storage.holdSyncs = true
  const waiting = beginFetch(client, 'order', 0, { maxWaitMs: 1000 })
  const producing = beginProduce(client, 'order', batch([{ value: 'a' }]))
  assert.equal(producing.body, undefined)
  assert.equal(waiting.body, undefined)
  assert.equal(fetchNow(client, 'order', 0).highWatermark, 0)
  storage.releaseSyncs()
  assert.equal(producing.body!.responses[0]!.partitionResponses[0]!.baseOffset, 0)
  assert.deepEqual(values(waiting.body!.responses[0]!.partitions[0]!.records), ['a'])
})

test('under fsync what gathers during one sync shares the next', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  storage.holdSyncs = true
  const producing = ['a', 'b', 'c'].map((value) => beginProduce(client, 'order', batch([{ value }])))
  storage.releaseSyncs()
  assert.deepEqual(
    producing.map((one) => one.body !== undefined),
    [true, false, false],
  )
  storage.releaseSyncs()
  assert.ok(producing.every((one) => one.body !== undefined))
})

for (let seed = 1; seed <= 20; seed++) {
  test(`under fsync a power loss keeps all that was acknowledged, in order (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const storage = simulatedStorage({ random })
    const acknowledged: string[] = []
    let sent = 0
    for (let life = 0; life < 5; life++) {
      const { client, core } = testCore({ storage, durability: 'fsync' })
      if (!core.topics.topic('order')) {
        const configs = [{ name: 'segment.bytes', value: '1000' }]
        client.call(apis.CreateTopics, 7, {
          topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs }],
        })
      }
      const found = allValues(client)
      assert.deepEqual(
        found.filter((value) => acknowledged.includes(value!)),
        acknowledged,
      )
      for (let index = 0; index < 30; index++) {
        storage.holdSyncs = random.next() < 0.5
        if (!storage.holdSyncs) storage.releaseSyncs()
        const value = `v${sent++}`
        client.begin(
          apis.Produce,
          11,
          {
            acks: -1,
            timeoutMs: 1,
            topicData: [{ name: 'order', partitionData: [{ index: 0, records: batch([{ value }]) }] }],
          },
          (body) => {
            assert.equal(body.responses[0]!.partitionResponses[0]!.errorCode, ErrorCode.NONE)
            acknowledged.push(value)
          },
        )
      }
      storage.holdSyncs = false
      storage.crash('power')
    }
    assert.ok(acknowledged.length > 20)
  })
}

test('a failed sync tells those who wait, and takes back what may be lost', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'kept' }]))
  storage.syncError = new Error('EIO')
  const failed = produce(client, 'order', batch([{ value: 'lost' }]))
  assert.equal(failed.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  storage.syncError = undefined
  assert.equal(produce(client, 'order', batch([{ value: 'next' }])).baseOffset, 1)
  assert.deepEqual(values(fetchNow(client, 'order', 0).records), ['kept', 'next'])
})

test('a full disk refuses the produce, and works again when there is room', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client } = testCore({ storage })
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }]))
  storage.freeBytes = 20
  const refused = produce(client, 'order', batch([{ value: 'b' }]))
  assert.equal(refused.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.match(refused.errorMessage ?? '', /no space/)
  assert.deepEqual(values(fetchNow(client, 'order', 0).records), ['a'])
  storage.freeBytes = 1_000_000
  assert.equal(produce(client, 'order', batch([{ value: 'c' }])).baseOffset, 1)
  storage.crash('kill')
  assert.deepEqual(values(fetchNow(testCore({ storage }).client, 'order', 0).records), ['a', 'c'])
})

test('a full disk refuses a new topic without a trace of it', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core } = testCore({ storage })
  storage.freeBytes = 10
  const answer = client.call(apis.CreateTopics, 7, {
    topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1 }],
  })
  assert.equal(answer.topics[0]!.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.equal(core.topics.topic('order'), undefined)
  storage.freeBytes = 1_000_000
  createTopic(client, 'order')
  storage.crash('kill')
  assert.ok(testCore({ storage }).core.topics.topic('order'))
})

test('an idempotent repetition is recognised after a crash', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  const options = { producerId: 4, producerEpoch: 0, baseSequence: 0 }
  produce(first.client, 'order', batch([{ value: 'a' }, { value: 'b' }], options))
  storage.crash('kill')
  const { client } = testCore({ storage })
  const again = produce(client, 'order', batch([{ value: 'a' }, { value: 'b' }], options))
  assert.deepEqual([again.errorCode, again.baseOffset], [ErrorCode.NONE, 0])
  assert.equal(fetchNow(client, 'order', 0).highWatermark, 2)
})

test('a log that changed on the disk is reported to its readers, not walked for ever', () => {
  const storage = memoryStorage()
  const { client, core } = testCore({ storage })
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }]))
  const log = storage.readFile(`logs/${core.topics.topic('order')!.id}/0/00000000000000000000.log`)!
  log.writeInt32BE(-12, 8)
  storage.replaceFile(`logs/${core.topics.topic('order')!.id}/0/00000000000000000000.log`, log)
  assert.equal(fetchNow(client, 'order', 0).errorCode, ErrorCode.CORRUPT_MESSAGE)
})

test('a sync that fails on the first batch after retention emptied the log takes no offset back', () => {
  const storage = simulatedStorage({ random: seededRandom(5) })
  const { client, core, clock } = testCore({ storage, durability: 'fsync' })
  const configs = [{ name: 'retention.ms', value: '1000' }]
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'order', numPartitions: 1, replicationFactor: 1, configs }] })
  for (let index = 0; index < 4; index++) produce(client, 'order', batch([{ value: 'a', timestamp: clock.now() }]))
  clock.advance(5000)
  core.enforceRetention()
  storage.syncError = new Error('EIO')
  assert.equal(produce(client, 'order', batch([{ value: 'b' }])).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  storage.syncError = undefined
  assert.equal(produce(client, 'order', batch([{ value: 'c' }])).baseOffset, 4)
  storage.crash('kill')
  const again = testCore({ storage })
  assert.equal(produce(again.client, 'order', batch([{ value: 'd' }])).baseOffset, 5)
})

test('a journal with a kind of record that only a later version knows is refused', () => {
  const storage = memoryStorage()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  const body = Buffer.from('{"kind":"shareGroupPledge","name":"x"}')
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length)
  frame.writeUInt32BE(crc32c(body), 4)
  storage.open('metadata/journal.log').append(Buffer.concat([frame, body]))
  assert.throws(() => testCore({ storage }), { code: 'BROKER_FORMAT_TOO_NEW', message: /shareGroupPledge/ })
})

test('what another broker left of its clean stop is not believed', () => {
  const { storage: deleted, core: first } = testCore()
  first.close()
  const foreign = deleted.readFile('clean-shutdown')!
  const { storage, client } = testCore({ random: seededRandom(8) })
  createTopic(client, 'order')
  produce(client, 'order', batch([{ value: 'a' }]))
  // The first one's folder was deleted while it ran: it stops into that of the second, which is then killed.
  storage.replaceFile('clean-shutdown', foreign)
  const again = testCore({ storage })
  assert.deepEqual(readAll(fetchNow(again.client, 'order', 0).records), [[0, 'a']])
})
