import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { VirtualClock } from '@millrace/base/internal'
import {
  apis,
  batchesIn,
  controlType,
  ErrorCode,
  type MessageInput,
  type MessageType,
  RecordBatchBuilder,
} from '@millrace/protocol'
import { BrokerCore, type Durability } from '../src/core/broker-core.ts'
import type { Partition } from '../src/core/partition.ts'
import { type SimulatedStorage, simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { internalTopics } from '../src/core/topics/topic.ts'
import { CoreClient, createTopic } from './support/core-client.ts'
import { MortalProcess } from './support/mortal.ts'

/** Every seed is a run of its own; a failure names it. MILLRACE_SEEDS=n runs more, MILLRACE_SEED_FROM=n begins elsewhere. */
const seeds = Number(process.env.MILLRACE_SEEDS ?? 25)
const firstSeed = Number(process.env.MILLRACE_SEED_FROM ?? 1)
const steps = 80

const topic = 'order'
const partitions = 3
const groupId = 'readers'
/** Longer than the pauses after failures add up to in one run. */
const timeoutMs = 600_000

interface Attempt {
  readonly values: { readonly partition: number; readonly value: string }[]
  readonly partitions: Set<number>
  committedOffset: number | undefined
}

/** A client with a transactional id; one that was succeeded stays as a zombie and goes on trying. */
interface ModelProducer {
  readonly transactionalId: string
  /** KIP-890: 2 ends transactions with EndTxn v5 and adds partitions implicitly, 1 is the protocol before. */
  readonly version: 1 | 2
  producerId: number
  producerEpoch: number
  sequences: Map<number, number>
  attempt: Attempt | undefined
  /** It has been told, or the model knows that it must be told, that it is out. */
  usable: boolean
  zombie: boolean
}

class World {
  readonly random: Random
  readonly durability: Durability
  readonly clock = new VirtualClock(1_700_000_000_000)
  readonly disk: SimulatedStorage
  process!: MortalProcess
  core!: BrokerCore
  client!: CoreClient
  producers: ModelProducer[] = []
  /** Values of committed transactions in partition order. */
  readonly committed: string[][] = Array.from({ length: partitions }, () => [])
  committedOffset = -1
  nextValue = 1
  deaths = 0
  failures = 0
  ended = 0
  compactedBytes = 0

  constructor(seed: number, durability: Durability) {
    this.random = seededRandom(seed)
    this.durability = durability
    this.disk = simulatedStorage({ random: this.random })
    this.start()
    createTopic(this.client, topic, partitions)
  }

  start(): void {
    this.process = new MortalProcess(this.disk, this.clock)
    const { storage, clock } = this.process
    this.core = new BrokerCore({ storage, clock, random: this.random, durability: this.durability })
    this.client = new CoreClient(this.core)
  }

  crash(): void {
    this.deaths++
    this.process.die()
    this.disk.holdSyncs = false
    this.repairDisk()
    this.disk.crash(this.durability === 'fsync' ? 'power' : 'kill')
    this.start()
  }

  /** Asks as a client does: whose broker dies on the way, or says that its device failed, asks again. */
  ask<Request, Response>(
    api: { key: number; name: string; request: MessageType<Request>; response: MessageType<Response> },
    version: number,
    body: MessageInput<Request>,
  ): Response {
    for (let attempt = 0; attempt < 8; attempt++) {
      const answer = this.attempt(api, version, body, attempt === 0)
      if (answer !== undefined && !hasCode(answer, deviceFailures)) return answer
    }
    throw new Error(`${api.name} was not answered`)
  }

  /** Undefined when the broker died first. */
  attempt<Request, Response>(
    api: { key: number; name: string; request: MessageType<Request>; response: MessageType<Response> },
    version: number,
    body: MessageInput<Request>,
    mayFail: boolean,
  ): Response | undefined {
    const { disk, random } = this
    const fate = mayFail ? random.next() : 1
    if (fate < 0.12) this.process.dieAfter(randomInt(random, 7))
    else if (fate < 0.17) disk.freeBytes = randomInt(random, 600)
    // Which of the syncs in a row fails: that of the decision, of a marker, of what comes after.
    const failingSync = fate >= 0.17 && fate < 0.25 ? randomInt(random, 4) : -1
    disk.holdSyncs = this.durability === 'fsync' && (failingSync >= 0 || random.next() < 0.5)
    let answer: Response | undefined
    try {
      const pending = this.client.begin(api, version, body)
      if (disk.holdSyncs && failingSync < 0 && random.next() < 0.15) {
        this.crash()
        return undefined
      }
      for (let round = 0; round < 30 && pending.body === undefined && !this.process.dead; round++) {
        if (round === failingSync) disk.syncError = new Error('input/output error')
        disk.releaseSyncs()
        this.repairDisk()
        // What the device refused is tried again after a while.
        if (round > 5) this.clock.advance(500)
      }
      this.repairDisk()
      disk.holdSyncs = false
      disk.releaseSyncs()
      answer = this.process.dead ? undefined : pending.body
    } catch (error) {
      if (!this.process.dead) throw error
    }
    if (answer !== undefined) this.process.dieAfter(Number.POSITIVE_INFINITY)
    else {
      assert.ok(this.process.dead, `${api.name} got no answer`)
      this.crash()
    }
    return answer
  }

  repairDisk(): void {
    if (this.disk.freeBytes < Number.POSITIVE_INFINITY || this.disk.syncError) this.failures++
    this.disk.freeBytes = Number.POSITIVE_INFINITY
    this.disk.syncError = undefined
  }

  init(transactionalId: string): void {
    const answer = this.ask(apis.InitProducerId, 5, { transactionalId, transactionTimeoutMs: timeoutMs })
    assert.equal(answer.errorCode, ErrorCode.NONE)
    for (const other of this.producers) {
      if (other.transactionalId !== transactionalId) continue
      other.zombie = true
      other.attempt = undefined
    }
    this.producers.push({
      transactionalId,
      version: this.random.next() < 0.5 ? 2 : 1,
      producerId: answer.producerId,
      producerEpoch: answer.producerEpoch,
      sequences: new Map(),
      attempt: undefined,
      usable: true,
      zombie: false,
    })
  }

  produce(producer: ModelProducer): void {
    const partition = randomInt(this.random, partitions)
    const value = `${producer.transactionalId}-${this.nextValue++}`
    const builder = new RecordBatchBuilder()
    builder.append(this.clock.now(), null, Buffer.from(value))
    const { transactionalId, producerId, producerEpoch } = producer
    if (producer.version === 1 && !this.addPartition(producer, partition)) return
    const baseSequence = producer.sequences.get(partition) ?? 0
    const records = builder.build({ producerId, producerEpoch, baseSequence, transactional: true })
    const answer = this.ask(apis.Produce, producer.version === 2 ? 12 : 11, {
      transactionalId,
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
    })
    const { errorCode } = answer.responses[0]!.partitionResponses[0]!
    if (!this.succeeded(producer, errorCode, 'Produce')) return
    producer.sequences.set(partition, baseSequence + 1)
    this.attemptOf(producer).partitions.add(partition)
    this.attemptOf(producer).values.push({ partition, value })
  }

  addPartition(producer: ModelProducer, partition: number): boolean {
    const answer = this.ask(apis.AddPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: producer.transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [partition] }],
    })
    const { partitionErrorCode } = answer.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!
    if (!this.succeeded(producer, partitionErrorCode, 'AddPartitionsToTxn')) return false
    this.attemptOf(producer).partitions.add(partition)
    return true
  }

  commitOffsets(producer: ModelProducer): void {
    const { transactionalId, producerId, producerEpoch } = producer
    if (producer.version === 1) {
      const added = this.ask(apis.AddOffsetsToTxn, 3, { transactionalId, producerId, producerEpoch, groupId })
      if (!this.succeeded(producer, added.errorCode, 'AddOffsetsToTxn')) return
      this.attemptOf(producer)
    }
    const committedOffset = this.nextValue++
    const answer = this.ask(apis.TxnOffsetCommit, producer.version === 2 ? 5 : 4, {
      transactionalId,
      producerId,
      producerEpoch,
      groupId,
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] }],
    })
    if (!this.succeeded(producer, answer.topics[0]!.partitions[0]!.errorCode, 'TxnOffsetCommit')) return
    this.attemptOf(producer).committedOffset = committedOffset
  }

  end(producer: ModelProducer): void {
    const committed = this.random.next() < 0.6
    const { transactionalId, producerId, producerEpoch, attempt } = producer
    if (!attempt && producer.version === 1) return
    const body = { transactionalId, producerId, producerEpoch, committed }
    const answer = this.ask(apis.EndTxn, producer.version === 2 ? 5 : 4, body)
    // Without a transaction a commit is a mistake of the client; an abort gives it a new epoch.
    if (!attempt && committed && answer.errorCode === ErrorCode.INVALID_TXN_STATE && !producer.zombie) return
    if (!this.succeeded(producer, answer.errorCode, 'EndTxn')) return
    this.ended++
    producer.attempt = undefined
    if (producer.version === 2) {
      producer.producerId = answer.producerId
      producer.producerEpoch = answer.producerEpoch
      producer.sequences = new Map()
    }
    if (!attempt || !committed) return
    for (const { partition, value } of attempt.values) this.committed[partition]!.push(value)
    // Of two transactions the one that sent its commit later holds, whichever ended first.
    if (attempt.committedOffset !== undefined) {
      this.committedOffset = Math.max(this.committedOffset, attempt.committedOffset)
    }
  }

  attemptOf(producer: ModelProducer): Attempt {
    producer.attempt ??= { values: [], partitions: new Set(), committedOffset: undefined }
    return producer.attempt
  }

  succeeded(producer: ModelProducer, errorCode: number, what: string): boolean {
    if (errorCode === ErrorCode.NONE) {
      assert.ok(!producer.zombie, `${what} of a fenced producer succeeded`)
      return true
    }
    const expected: readonly number[] = [
      ErrorCode.INVALID_PRODUCER_EPOCH,
      ErrorCode.PRODUCER_FENCED,
      ErrorCode.INVALID_PRODUCER_ID_MAPPING,
      ErrorCode.INVALID_TXN_STATE,
      ErrorCode.TRANSACTION_ABORTABLE,
    ]
    assert.ok(expected.includes(errorCode), `${what} answered ${errorCode}`)
    // Only a successor or the time limit puts a producer out.
    assert.ok(producer.zombie || !producer.usable, `${what} of a live producer answered ${errorCode}`)
    producer.attempt = undefined
    return false
  }

  /** Long enough for every open transaction to be aborted. */
  letTransactionsTimeOut(): void {
    this.clock.advance(timeoutMs)
    for (const producer of this.producers) {
      if (!producer.attempt) continue
      producer.attempt = undefined
      producer.usable = false
    }
    this.producers = this.producers.filter((producer) => producer.usable || producer.zombie)
  }

  step(): void {
    const roll = this.random.next()
    const producer = this.producers[randomInt(this.random, this.producers.length)]
    if (!producer || roll < 0.06) this.init(`id-${randomInt(this.random, 3)}`)
    else if (roll < 0.6) this.produce(producer)
    else if (roll < 0.7) this.commitOffsets(producer)
    else if (roll < 0.93) this.end(producer)
    else if (roll < 0.95) this.letTransactionsTimeOut()
    else if (roll < 0.97) this.compact()
    else this.restartQuietly()
    if (this.producers.length > 8) this.producers.splice(0, 1)
  }

  /** The coordinators' own logs are compacted; what follows from them is the same. */
  compact(): void {
    for (const name of internalTopics) {
      const internal = this.core.topics.topic(name)
      if (!internal) continue
      const own = { ...Object.fromEntries(internal.config.own), 'segment.bytes': '600', 'delete.retention.ms': '0' }
      this.core.topics.alterConfig(internal, own)
    }
    const before = this.internalBytes()
    this.core.compact()
    this.compactedBytes += before - this.internalBytes()
    this.restartQuietly()
  }

  internalBytes(): number {
    return internalTopics.reduce((sum, name) => sum + (this.core.partition(name, 0)?.log.sizeInBytes ?? 0), 0)
  }

  /** A process that dies between requests leaves a log from which the same state follows. */
  restartQuietly(): void {
    const before = stateOf(this.core)
    this.crash()
    assert.deepEqual(stateOf(this.core), before)
  }

  check(): void {
    for (let index = 0; index < partitions; index++) this.checkPartition(this.core.partition(topic, index)!)
    assert.equal(this.fetchOffset(), this.committedOffset)
  }

  checkPartition(partition: Partition): void {
    const open = new Map<number, number>()
    const markers = new Set<string>()
    const offsets = new Map<string, number>()
    for (const batch of partition.scan()) {
      if (!batch.isControl) {
        for (const record = batch.cursor(); record.next(); ) offsets.set(record.valueBytes()!.toString(), record.offset)
        if (!open.has(batch.producerId)) open.set(batch.producerId, batch.baseOffset)
        continue
      }
      const cursor = batch.cursor()
      assert.ok(cursor.next() && controlType(cursor))
      const id = `${batch.producerId}/${batch.producerEpoch}`
      // The epoch of a v2 marker belongs to one transaction; one of v1 ends what is open.
      const isFirst = !markers.has(id) || open.has(batch.producerId)
      assert.ok(isFirst, `second marker of ${id} at ${batch.baseOffset}`)
      markers.add(id)
      open.delete(batch.producerId)
    }
    const firstOpen = Math.min(partition.highWatermark, ...open.values())
    assert.equal(partition.lastStableOffset, firstOpen, 'last stable offset')
    const visible = this.committed[partition.index]!.filter((value) => offsets.get(value)! < firstOpen)
    assert.deepEqual(this.readCommitted(partition).sort(), visible.sort())
    for (const value of this.committed[partition.index]!) assert.ok(offsets.has(value), `${value} is lost`)
  }

  readCommitted(partition: Partition): string[] {
    const { records } = partition.read(0, 1 << 24, 'read_committed', true)
    const end = partition.lastStableOffset
    const aborted = partition.abortedTransactions(0, end).sort((a, b) => a.firstOffset - b.firstOffset)
    const dropping = new Set<number>()
    const values: string[] = []
    for (const batch of batchesIn(records as Buffer)) {
      if (batch.baseOffset >= end) break
      while (aborted[0] && aborted[0].firstOffset <= batch.lastOffset) dropping.add(aborted.shift()!.producerId)
      if (batch.isControl) dropping.delete(batch.producerId)
      else if (!dropping.has(batch.producerId)) {
        for (const cursor = batch.cursor(); cursor.next(); ) values.push(cursor.valueBytes()!.toString())
      }
    }
    return values
  }

  fetchOffset(): number {
    const answer = this.client.call(apis.OffsetFetch, 7, {
      groupId,
      topics: [{ name: topic, partitionIndexes: [0] }],
    })
    return answer.topics[0]!.partitions[0]!.committedOffset
  }
}

const deviceFailures: readonly number[] = [ErrorCode.COORDINATOR_NOT_AVAILABLE, ErrorCode.KAFKA_STORAGE_ERROR]

/** Whether one of the codes is anywhere in an answer. */
function hasCode(value: unknown, codes: readonly number[]): boolean {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false
  return Object.entries(value).some(([name, field]) =>
    /errorCode$/i.test(name) ? codes.includes(field as number) : hasCode(field, codes),
  )
}

/** What must be the same after a restart. */
function stateOf(core: BrokerCore): unknown {
  const byTransactionalId = (a: { transactionalId: string }, b: { transactionalId: string }): number =>
    a.transactionalId < b.transactionalId ? -1 : 1
  return {
    transactions: [...core.transactions.all()]
      .sort(byTransactionalId)
      .map(({ lastProducerEpoch: _lost, partitions: set, ...rest }) => ({
        ...rest,
        partitions: [...set].map(([name, indexes]) => [name, [...indexes]]),
      })),
    offsets: [...(core.groups.store.offsets.get(groupId)?.entries() ?? [])],
    pending: [...core.groups.store.offsets.pending(groupId)],
    partitions: Array.from({ length: partitions }, (_, index) => {
      const partition = core.partition(topic, index)!
      const producers = [...partition.producers.producers()].sort((a, b) => a.producerId - b.producerId)
      const aborted = partition.abortedTransactions(0, partition.logEndOffset)
      return { end: partition.logEndOffset, stable: partition.lastStableOffset, producers, aborted }
    }),
  }
}

for (const durability of ['write', 'fsync'] as const) {
  test(`random transactions with crashes keep their promises (${durability})`, () => {
    let deaths = 0
    let failures = 0
    let compactedBytes = 0
    let ended = 0
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const world = new World(seed, durability)
      try {
        for (let step = 0; step < steps; step++) {
          world.step()
          world.check()
        }
        world.letTransactionsTimeOut()
        world.check()
      } catch (error) {
        throw new Error(`seed ${seed} (${durability}): ${(error as Error).message}`, { cause: error })
      }
      deaths += world.deaths
      failures += world.failures
      compactedBytes += world.compactedBytes
      ended += world.ended
    }
    // A run in which nothing happened proves nothing.
    const counts = `${deaths} deaths, ${failures} failures, ${ended} transactions`
    assert.ok(compactedBytes > 0)
    assert.ok(deaths > seeds && failures > seeds && ended > seeds * 3, counts)
  })
}
