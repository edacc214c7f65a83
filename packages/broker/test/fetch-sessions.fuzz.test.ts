import assert from 'node:assert/strict'
import test from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { apis, ErrorCode, type FetchResponse } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { AclOperation } from '../src/core/security/authorization.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch } from './support/records.ts'
import { beginProduce, produce } from './support/requests.ts'

type Answer = FetchResponse['responses'][number]['partitions'][number]
const topics = ['order', 'payment']
const partitionsAtFirst = 3

/** A client with a fetch session, beside one that asks for everything each time: they must know the same. */
class TwoReaders {
  readonly client: CoreClient
  readonly offsets = new Map<string, number>()
  readonly #random: Random
  #changed = new Set<string>()
  #forgotten = new Set<string>()
  #told = new Map<string, Answer>()
  #sessionId = 0
  #epoch = 0
  isolationLevel = 0

  constructor(client: CoreClient, random: Random) {
    this.client = client
    this.#random = random
  }

  want(key: string, offset: number): void {
    this.offsets.set(key, offset)
    this.#changed.add(key)
    this.#forgotten.delete(key)
  }

  forget(key: string): void {
    if (!this.offsets.delete(key)) return
    this.#changed.delete(key)
    this.#forgotten.add(key)
    this.#told.delete(key)
  }

  beginSession(): void {
    this.#sessionId = 0
    this.#epoch = 0
  }

  #fetch(keys: Iterable<string>, session: { sessionId: number; sessionEpoch: number }, forgotten: Iterable<string>) {
    const wanted = [...keys].map((key) => {
      const [topic = '', index] = key.split('/')
      const fetchOffset = this.offsets.get(key)!
      return { topic, partitions: [{ partition: Number(index), fetchOffset, partitionMaxBytes: 1 << 20 }] }
    })
    const forgottenTopicsData = [...forgotten].map((key) => {
      const [topic = '', index] = key.split('/')
      return { topic, partitions: [Number(index)] }
    })
    const { isolationLevel } = this
    const limits = { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 24, isolationLevel }
    const answer = this.client.call(apis.Fetch, 12, { ...limits, ...session, topics: wanted, forgottenTopicsData })
    assert.equal(answer.errorCode, 0)
    const found = new Map<string, Answer>()
    for (const { topic, partitions } of answer.responses) {
      for (const one of partitions) found.set(`${topic}/${one.partitionIndex}`, one)
    }
    return { sessionId: answer.sessionId, found }
  }

  /** Both ask, and what they know is compared. */
  poll(): void {
    const isNew = this.#epoch === 0
    const keys = isNew ? this.offsets.keys() : this.#changed
    const session = { sessionId: this.#sessionId, sessionEpoch: this.#epoch }
    const { sessionId, found } = this.#fetch(keys, session, isNew ? [] : this.#forgotten)
    if (isNew) this.#told.clear()
    this.#sessionId = sessionId
    this.#epoch++
    this.#changed = new Set()
    this.#forgotten = new Set()
    for (const [key, answer] of found) this.#told.set(key, answer)
    const everything = this.#fetch(this.offsets.keys(), { sessionId: 0, sessionEpoch: -1 }, []).found
    for (const [key, expected] of everything) {
      const told = this.#told.get(key)
      assert.ok(told, `${key} was never told`)
      const { highWatermark, logStartOffset, errorCode } = expected
      assert.deepEqual({ highWatermark, logStartOffset, errorCode }, pick(told), key)
      if (errorCode === 0 && expected.records?.length) assert.deepEqual(found.get(key)?.records, expected.records, key)
      else if (errorCode === 0) assert.equal(found.get(key)?.records?.length ?? 0, 0, key)
    }
    for (const key of found.keys()) assert.ok(everything.has(key), `${key} is not wanted`)
  }

  /** Goes on behind some of what there is, as a consumer does. */
  consume(core: BrokerCore): void {
    for (const [key, offset] of this.offsets) {
      const [topic = '', index] = key.split('/')
      const end = core.partition(topic, Number(index))?.highWatermark ?? 0
      if (end !== offset && this.#random.next() < 0.5) this.want(key, end)
    }
  }
}

function pick({ highWatermark, logStartOffset, errorCode }: Answer) {
  return { highWatermark, logStartOffset, errorCode }
}

/** Something happens to the topics. */
function change(core: BrokerCore, client: CoreClient, readers: TwoReaders, random: Random, step: number): void {
  const topic = topics[randomInt(random, topics.length)]!
  const index = randomInt(random, partitionsAtFirst + 1)
  const partition = core.partition(topic, index)
  const at = partition?.highWatermark ?? 0
  const transactionalId = `writer-${topic}`
  switch (randomInt(random, 11)) {
    case 0:
    case 1:
    case 2:
      if (partition) produce(client, topic, batch([{ value: `${step}` }]), { partition: index })
      return
    case 3: {
      const partitions = [{ partitionIndex: index, offset: randomInt(random, at + 1) }]
      client.call(apis.DeleteRecords, 2, { topics: [{ name: topic, partitions }], timeoutMs: 1000 })
      return
    }
    case 4:
      if (random.next() < 0.3) client.call(apis.DeleteTopics, 5, { topicNames: [topic], timeoutMs: 1000 })
      return
    case 5:
      createTopic(client, topic, partitionsAtFirst)
      return
    case 6: {
      const count = partitionsAtFirst + 1
      client.call(apis.CreatePartitions, 3, { topics: [{ name: topic, count, assignments: null }], timeoutMs: 1000 })
      return
    }
    case 7:
      readers.want(`${topic}/${index}`, randomInt(random, at + 2))
      return
    case 8:
      if (random.next() < 0.3) readers.isolationLevel = 1 - readers.isolationLevel
      else readers.forget(`${topic}/${index}`)
      return
    case 9: {
      if (!partition) return
      const begun = client.call(apis.InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 })
      const { producerId, producerEpoch } = begun
      if (begun.errorCode !== 0) return
      const identity = { producerId, producerEpoch, baseSequence: 0, transactional: true }
      const records = batch([{ value: `${step}` }], identity)
      beginProduce(client, topic, records, { partition: index, transactionalId, version: 12 })
      return
    }
    case 10:
      // Fences whoever is open, and so aborts.
      client.begin(apis.InitProducerId, 4, { transactionalId, transactionTimeoutMs: 60_000 })
  }
}

for (let seed = 1; seed <= 40; seed++) {
  test(`a fetch session tells what asking for everything tells, seed ${seed}`, () => {
    const random = seededRandom(seed)
    const { core, client } = testCore()
    const readers = new TwoReaders(client, random)
    for (const topic of topics) {
      createTopic(client, topic, partitionsAtFirst)
      for (let index = 0; index < partitionsAtFirst; index++) readers.want(`${topic}/${index}`, 0)
    }
    for (let step = 0; step < 150; step++) {
      for (let changes = randomInt(random, 3); changes > 0; changes--) change(core, client, readers, random, step)
      if (random.next() < 0.02) readers.beginSession()
      readers.poll()
      readers.consume(core)
    }
    core.close()
  })
}

test('a poll of a thousand quiet partitions looks at none, and one that something happened to is found', () => {
  const { core, client } = testCore()
  createTopic(client, 'order', 1000)
  const partitions = Array.from({ length: 1000 }, (_, partition) => {
    return { partition, fetchOffset: 0, partitionMaxBytes: 1000 }
  })
  const limits = { minBytes: 1, maxBytes: 1_000_000 }
  const first = { ...limits, maxWaitMs: 0, sessionEpoch: 0, topics: [{ topic: 'order', partitions }] }
  const { sessionId } = client.call(apis.Fetch, 12, first)
  client.call(apis.Fetch, 12, { ...limits, maxWaitMs: 0, sessionId, sessionEpoch: 1, topics: [] })
  const { watch } = core.fetchSessions.get(sessionId)!
  assert.equal(watch.due().length, 0)
  const found: number[] = []
  const poll = { ...limits, maxWaitMs: 500, sessionId, sessionEpoch: 2, topics: [] }
  client.begin(apis.Fetch, 12, poll, ({ responses }) => {
    found.push(...responses.flatMap(({ partitions }) => partitions.map((one) => one.partitionIndex)))
  })
  assert.deepEqual(found, [])
  produce(client, 'order', batch([{ value: 'a' }]), { partition: 700 })
  assert.deepEqual(found, [700])
  assert.equal(watch.due().length, 1)
  client.session.close()
  assert.equal(core.partition('order', 700)?.readers.size, 0)
})

test('who may not read a partition any more is told so, and appends to it go on', () => {
  const { core, client } = testCore()
  createTopic(client, 'order')
  const topics = [{ topic: 'order', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }] }]
  const limits = { minBytes: 1, maxBytes: 1000, maxWaitMs: 0 }
  const { sessionId } = client.call(apis.Fetch, 12, { ...limits, sessionEpoch: 0, topics })
  let sessionEpoch = 1
  const poll = () => {
    return client.call(apis.Fetch, 12, { ...limits, sessionId, sessionEpoch: sessionEpoch++, topics: [] }).responses
  }
  assert.deepEqual(poll(), [])
  const mayWriteOnly = (_who: unknown, operation: AclOperation): boolean => operation !== AclOperation.READ
  core.authorizer = { version: 7, allows: mayWriteOnly, allowsSome: () => true }
  assert.equal(poll()[0]?.partitions[0]?.errorCode, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  assert.equal(produce(client, 'order', batch([{ value: 'a' }])).errorCode, ErrorCode.NONE)
  assert.equal(poll()[0]?.partitions[0]?.records?.length, 0)
  core.authorizer = { version: 8, allows: () => true, allowsSome: () => true }
  assert.ok(poll()[0]!.partitions[0]!.records!.length > 0)
})
