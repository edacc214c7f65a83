import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, ErrorCode, type MessageInput } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { type SimulatedStorage, simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { startBroker } from '../src/start-broker.ts'
import { diskStorage } from '../src/storage/disk-storage.ts'
import { type CoreClient, createTopic, type Pending, testCore } from './support/core-client.ts'
import { RawConnection } from './support/raw-connection.ts'
import { batch, readAll } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

const disk = (seed = 1): SimulatedStorage => simulatedStorage({ random: seededRandom(seed) })

/** Calls while the device is held: the answer must come with the device's, not before. */
function waits<T>(storage: SimulatedStorage, what: string, begin: () => Pending<T>): T {
  storage.holdSyncs = true
  const pending = begin()
  assert.equal(pending.body, undefined, `${what} was answered before the device was`)
  for (let round = 0; round < 10 && pending.body === undefined; round++) storage.releaseSyncs()
  storage.holdSyncs = false
  storage.releaseSyncs()
  assert.ok(pending.body !== undefined, `${what} was never answered`)
  return pending.body
}

test('under fsync every reply of the group coordinator that promises something waits for the device', () => {
  const storage = disk()
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  const commit = (committedOffset: number): MessageInput<never> =>
    ({
      groupId: 'g',
      generationIdOrMemberEpoch: -1,
      topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset }] }],
    }) as MessageInput<never>
  const committed = waits(storage, 'OffsetCommit', () => client.begin(apis.OffsetCommit, 8, commit(5)))
  assert.equal(committed.topics[0]!.partitions[0]!.errorCode, 0)
  const deleted = waits(storage, 'OffsetDelete', () =>
    client.begin(apis.OffsetDelete, 0, {
      groupId: 'g',
      topics: [{ name: 'order', partitions: [{ partitionIndex: 0 }] }],
    }),
  )
  assert.equal(deleted.errorCode, 0)
  client.call(apis.OffsetCommit, 8, commit(6))
  const gone = waits(storage, 'DeleteGroups', () => client.begin(apis.DeleteGroups, 2, { groupsNames: ['g'] }))
  assert.equal(gone.results[0]!.errorCode, 0)
  const joining = { groupId: 'm', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, protocolType: 'consumer' }
  const protocols = [{ name: 'range', metadata: Buffer.alloc(0) }]
  const first = client.call(apis.JoinGroup, 5, { ...joining, memberId: '', protocols })
  const joined = client.call(apis.JoinGroup, 5, { ...joining, memberId: first.memberId, protocols })
  const { memberId, generationId } = joined
  const assignments = [{ memberId, assignment: Buffer.from('all') }]
  const synced = waits(storage, 'SyncGroup', () =>
    client.begin(apis.SyncGroup, 3, { groupId: 'm', generationId, memberId, assignments }),
  )
  assert.equal(synced.errorCode, 0)
  const consumer = { groupId: 'c', memberId: 'AAAAAAAAAAAAAAAAAAAAAQ', memberEpoch: 0, rebalanceTimeoutMs: 10_000 }
  const beat = waits(storage, 'ConsumerGroupHeartbeat', () =>
    client.begin(apis.ConsumerGroupHeartbeat, 1, { ...consumer, subscribedTopicNames: ['order'], topicPartitions: [] }),
  )
  assert.equal(beat.errorCode, 0)
  const left = waits(storage, 'ConsumerGroupHeartbeat of a member that leaves', () =>
    client.begin(apis.ConsumerGroupHeartbeat, 1, { groupId: 'c', memberId: consumer.memberId, memberEpoch: -1 }),
  )
  assert.equal(left.errorCode, 0)
})

test('under fsync every step of a transaction waits for the device', () => {
  const storage = disk()
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  const transactionalId = 't'
  const begun = waits(storage, 'InitProducerId', () =>
    client.begin(apis.InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 }),
  )
  const { producerId, producerEpoch } = begun
  const who = {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
  }
  waits(storage, 'AddPartitionsToTxn', () =>
    client.begin(apis.AddPartitionsToTxn, 3, { ...who, v3AndBelowTopics: [{ name: 'order', partitions: [0] }] }),
  )
  waits(storage, 'AddOffsetsToTxn', () =>
    client.begin(apis.AddOffsetsToTxn, 3, { transactionalId, producerId, producerEpoch, groupId: 'g' }),
  )
  waits(storage, 'TxnOffsetCommit', () =>
    client.begin(apis.TxnOffsetCommit, 3, {
      transactionalId,
      groupId: 'g',
      producerId,
      producerEpoch,
      topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 3 }] }],
    }),
  )
  const fields = { producerId, producerEpoch, baseSequence: 0, transactional: true }
  const records = batch([{ value: 'v' }], fields)
  waits(storage, 'Produce', () =>
    client.begin(apis.Produce, 9, {
      transactionalId,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'order', partitionData: [{ index: 0, records }] }],
    }),
  )
  const ended = waits(storage, 'EndTxn', () =>
    client.begin(apis.EndTxn, 3, { transactionalId, producerId, producerEpoch, committed: true }),
  )
  assert.equal(ended.errorCode, 0)
  storage.crash('power')
  const again = testCore({ storage, durability: 'fsync' })
  assert.deepEqual(readAll(fetchNow(again.client, 'order', 0, { committed: true }).records as Buffer), [[0, 'v']])
  const offsets = again.client.call(apis.OffsetFetch, 7, { groupId: 'g', topics: null, requireStable: true })
  assert.equal(offsets.topics[0]!.partitions[0]!.committedOffset, 3)
})

test('under fsync a transaction holds readers back until the device has its marker', () => {
  const storage = disk()
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  const transactionalId = 't'
  const { producerId, producerEpoch } = client.call(apis.InitProducerId, 4, {
    transactionalId,
    transactionTimeoutMs: 60_000,
  })
  const who = {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
  }
  const v3AndBelowTopics = [{ name: 'order', partitions: [0] }]
  client.call(apis.AddPartitionsToTxn, 3, { ...who, v3AndBelowTopics })
  const records = batch([{ value: 'v' }], { producerId, producerEpoch, baseSequence: 0, transactional: true })
  client.call(apis.Produce, 9, {
    transactionalId,
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 'order', partitionData: [{ index: 0, records }] }],
  })
  storage.holdSyncs = true
  const ended = client.begin(apis.EndTxn, 3, { transactionalId, producerId, producerEpoch, committed: true })
  const seen: string[] = []
  for (let round = 0; round < 10 && ended.body === undefined; round++) {
    storage.releaseSyncs()
    const { highWatermark, lastStableOffset, records: read } = fetchNow(client, 'order', 0, { committed: true })
    const held = (read as Buffer | null)?.length === 0
    seen.push(`${highWatermark} ${lastStableOffset} ${held ? 'held' : 'visible'}`)
  }
  assert.equal(ended.body?.errorCode, 0)
  assert.deepEqual([...new Set(seen)], ['1 0 held', '2 2 visible'])
})

test('a repeated EndTxn tells no epoch of a successor that came while it waited for the device', () => {
  const storage = disk()
  const { client } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  const transactionalId = 't'
  const begin = { transactionalId, transactionTimeoutMs: 60_000 }
  const { producerId, producerEpoch } = client.call(apis.InitProducerId, 5, begin)
  const abort = { transactionalId, producerId, producerEpoch, committed: false }
  storage.holdSyncs = true
  const answered = (...pending: readonly Pending<{ producerEpoch: number }>[]): number[] => {
    for (let round = 0; round < 10 && pending.some(({ body }) => body === undefined); round++) storage.releaseSyncs()
    return pending.map(({ body }) => body!.producerEpoch - producerEpoch)
  }
  assert.deepEqual(answered(client.begin(apis.EndTxn, 5, abort)), [1])
  // The answer was lost. That the transaction is complete is not on the device yet, so the next one waits.
  const again = client.begin(apis.EndTxn, 5, abort)
  const successor = client.begin(apis.InitProducerId, 5, begin)
  assert.equal(again.body, undefined)
  assert.deepEqual(answered(again, successor), [1, 2])
})

test('a checkpoint of an earlier stop that a power loss brings back is not believed', () => {
  const storage = disk()
  const first = testCore({ storage, durability: 'fsync' })
  createTopic(first.client, 'order')
  first.core.close()
  const checkpoint = storage.readFile('clean-shutdown')!
  const second = testCore({ storage, durability: 'fsync' })
  createTopic(second.client, 'later')
  produce(second.client, 'later', batch([{ value: 'kept' }]))
  storage.crash('power')
  storage.replaceFile('clean-shutdown', checkpoint)
  const { client } = testCore({ storage, durability: 'fsync' })
  assert.deepEqual(readAll(fetchNow(client, 'later', 0).records as Buffer), [[0, 'kept']])
})

test('a broker starts on a full disk, serves what is there, and its epochs still tell its writes from earlier ones', () => {
  const storage = disk()
  const first = testCore({ storage })
  createTopic(first.client, 'order')
  produce(first.client, 'order', batch([{ value: 'a' }]))
  const offset = (client: CoreClient): number => {
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 1 }] }]
    return client.call(apis.OffsetCommit, 8, { groupId: 'g', generationIdOrMemberEpoch: -1, topics }).topics[0]!
      .partitions[0]!.errorCode
  }
  assert.equal(offset(first.client), 0)
  storage.crash('kill')
  storage.freeBytes = 0
  const full = testCore({ storage })
  assert.deepEqual(readAll(fetchNow(full.client, 'order', 0).records as Buffer), [[0, 'a']])
  assert.notEqual(produce(full.client, 'order', batch([{ value: 'no' }])).errorCode, 0)
  assert.notEqual(offset(full.client), 0)
  storage.freeBytes = 1_000_000
  assert.equal(produce(full.client, 'order', batch([{ value: 'b' }])).baseOffset, 1)
  const epoch = full.core.partition('order', 0)!.leaderEpoch
  storage.crash('kill')
  const { core } = testCore({ storage })
  assert.ok(core.partition('order', 0)!.leaderEpoch > epoch)
  assert.equal(core.partition('order', 0)!.epochs.at(1), epoch)
})

test('a device that refuses a sync and the cut after it costs the partition its appends, not the broker its life', () => {
  const storage = disk()
  const files: { truncate(size: number): void; sync(done: (error?: Error) => void): void }[] = []
  let broken = false
  const failing = {
    ...storage,
    open: (path: string) => {
      const file = storage.open(path)
      const guarded = Object.create(file, {
        truncate: {
          value: (size: number) => {
            if (broken) throw new Error('EIO')
            file.truncate(size)
          },
        },
        sync: {
          value: (done: (error?: Error) => void) => {
            if (broken) throw new Error('EMFILE')
            file.sync(done)
          },
        },
      }) as typeof file
      files.push(guarded)
      return guarded
    },
  }
  const { client } = testCore({ storage: failing, durability: 'fsync' })
  createTopic(client, 'order')
  createTopic(client, 'other')
  assert.equal(produce(client, 'order', batch([{ value: 'kept' }])).errorCode, 0)
  broken = true
  assert.equal(produce(client, 'order', batch([{ value: 'lost' }])).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  broken = false
  assert.equal(produce(client, 'order', batch([{ value: 'more' }])).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.equal(produce(client, 'other', batch([{ value: 'fine' }])).errorCode, 0)
  assert.deepEqual(readAll(fetchNow(client, 'order', 0).records as Buffer), [[0, 'kept']])
})

interface Journey {
  readonly acknowledged: string[]
  committedOffset: number
  readonly keys: Map<string, string>
}

/** A bit of everything that writes; what was acknowledged is noted. Whatever is refused must be refused, not thrown. */
function travel(client: CoreClient, core: BrokerCore, journey: Journey, from: number): void {
  const create = (name: string, settings: Record<string, string>): void => {
    const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }))
    client.call(apis.CreateTopics, 7, { topics: [{ name, numPartitions: 1, replicationFactor: 1, configs }] })
  }
  create('order', { 'segment.bytes': '300' })
  create('table', { 'cleanup.policy': 'compact', 'segment.bytes': '300', 'min.cleanable.dirty.ratio': '0' })
  for (let step = from; step < from + 12; step++) {
    const value = `v${step}`
    if (produce(client, 'order', batch([{ value }])).errorCode === 0) journey.acknowledged.push(value)
    const key = `k${step % 3}`
    if (produce(client, 'table', batch([{ key, value }])).errorCode === 0) journey.keys.set(key, value)
    const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: step }] }]
    const { body } = client.begin(apis.OffsetCommit, 8, { groupId: 'g', generationIdOrMemberEpoch: -1, topics })
    if (body && body.topics[0]!.partitions[0]!.errorCode === 0) journey.committedOffset = step
    if (step % 4 === 3) core.compact()
    if (step % 6 === 5) core.enforceRetention()
  }
  create(`more-${from}`, {})
  client.call(apis.DeleteTopics, 5, { topicNames: [`more-${from}`], timeoutMs: 1000 })
}

function arrive(client: CoreClient, core: BrokerCore, journey: Journey): void {
  const found: string[] = []
  const end = core.partition('order', 0)?.logEndOffset ?? 0
  for (let offset = 0; offset < end; ) {
    const more = readAll(fetchNow(client, 'order', offset).records as Buffer, offset)
    assert.ok(more.length > 0)
    offset = more.at(-1)![0] + 1
    found.push(...more.map(([, value]) => value!))
  }
  assert.deepEqual(found, journey.acknowledged)
  const table = new Map<string, string>()
  for (const one of core.partition('table', 0)?.scan() ?? []) {
    for (const cursor = one.cursor(); cursor.next(); ) {
      table.set(cursor.keyBytes()!.toString(), cursor.valueBytes()!.toString())
    }
  }
  assert.deepEqual([...table].sort(), [...journey.keys].sort())
  const offsets = client.call(apis.OffsetFetch, 7, { groupId: 'g', topics: null })
  assert.equal(offsets.topics[0]?.partitions[0]?.committedOffset ?? -1, journey.committedOffset)
}

for (const durability of ['write', 'fsync'] as const) {
  test(`a disk that fills up at any write refuses, loses nothing it acknowledged, and goes on when there is room (${durability})`, () => {
    const whole = disk()
    whole.freeBytes = 10_000_000
    const measure = testCore({ storage: whole, durability })
    travel(measure.client, measure.core, { acknowledged: [], committedOffset: -1, keys: new Map() }, 0)
    const needed = 10_000_000 - whole.freeBytes
    for (let room = 40; room < needed + 2_000; room += 61) {
      const storage = disk(room)
      // Topic ids must differ from life to life, as they do outside tests.
      const random = seededRandom(room)
      const { client, core, clock } = testCore({ storage, durability, random })
      storage.freeBytes = room
      const journey: Journey = { acknowledged: [], committedOffset: -1, keys: new Map() }
      travel(client, core, journey, 0)
      if (room % 2 === 0) arrive(client, core, journey)
      if (room % 3 === 0) {
        // Dies, or stops cleanly, while the disk is full.
        if (room % 5 === 0) core.close()
        else storage.crash('kill')
        const again = testCore({ storage, durability, random })
        arrive(again.client, again.core, journey)
        storage.freeBytes = 10_000_000
        travel(again.client, again.core, journey, 100)
        arrive(again.client, again.core, journey)
      }
      storage.freeBytes = 10_000_000
      if (room % 3 !== 0) {
        clock.advance(60_000)
        travel(client, core, journey, 200)
        arrive(client, core, journey)
        assert.ok(journey.acknowledged.includes('v211'), `room ${room}`)
      }
      storage.crash('kill')
      const last = testCore({ storage, durability, random })
      arrive(last.client, last.core, journey)
    }
  })
}

test('closing ends, and brings nothing back, when somebody has deleted the data folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-gone-'))
  for (const worker of [true, false]) {
    const broker = await startBroker({ dataDir: folder, worker })
    {
      using connection = await RawConnection.open(broker.port)
      await connection.call(apis.Metadata, 12, { topics: [{ name: 'order' }], allowAutoTopicCreation: true })
    }
    rmSync(folder, { recursive: true })
    await broker.close()
    assert.equal(existsSync(folder), false)
  }
})

test('with fewer file descriptors than logs a broker closes some to open others', {
  skip: process.platform === 'win32',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-descriptors-'))
  try {
    const script = join(import.meta.dirname, 'support/many-logs.ts')
    const run = [process.execPath, ...process.execArgv, script, folder].map((word) => `'${word}'`).join(' ')
    const { status, stdout, stderr } = spawnSync('bash', ['-c', `ulimit -n 60 && exec ${run}`], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(stdout.trim(), '200 logs of 3 records')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('what a failed append left in a file is cut before the next, also when it could not be cut at once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-cut-'))
  try {
    const storage = diskStorage(folder)
    const first = testCore({ storage })
    createTopic(first.client, 'order')
    produce(first.client, 'order', batch([{ value: 'a' }]))
    const { log } = first.core.partition('order', 0)!
    // As if the device had taken a part of a batch and refused to cut it off.
    log.active!.file.append(Buffer.alloc(40, 7))
    assert.equal(produce(first.client, 'order', batch([{ value: 'b' }])).baseOffset, 1)
    const again = testCore({ storage: diskStorage(folder) })
    assert.equal(again.core.recoveredCutBytes, 0)
    assert.deepEqual(readAll(fetchNow(again.client, 'order', 0).records as Buffer).length, 2)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('flush.messages and flush.ms sync a log also under durability write, and with 1 the answer waits', () => {
  const storage = disk()
  const { client, clock } = testCore({ storage })
  const create = (name: string, setting: string, value: string): void => {
    const configs = [{ name: setting, value }]
    client.call(apis.CreateTopics, 7, { topics: [{ name, numPartitions: 1, replicationFactor: 1, configs }] })
  }
  create('each', 'flush.messages', '1')
  create('third', 'flush.messages', '3')
  create('later', 'flush.ms', '500')
  const one = (topic: string): Pending<unknown> =>
    client.begin(apis.Produce, 9, {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: 0, records: batch([{ value: 'v' }]) }] }],
    })
  waits(storage, 'Produce with flush.messages=1', () => one('each'))
  for (let count = 0; count < 4; count++) assert.ok(one('third').body)
  assert.ok(one('later').body)
  clock.advance(500)
  assert.ok(one('later').body)
  // The topics themselves must survive.
  storage.open('metadata/journal.log').syncNow()
  storage.crash('power')
  const { core } = testCore({ storage })
  const kept = ['each', 'third', 'later'].map((name) => core.partition(name, 0)!.logEndOffset)
  assert.ok(kept[0]! >= 1 && kept[1]! >= 3 && kept[2]! >= 1, `${kept}`)
})
