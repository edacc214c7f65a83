import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, batchesIn, ErrorCode, RecordBatchBuilder } from '@millrace/protocol'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

function init(client: CoreClient, transactionalId: string, transactionTimeoutMs = 60_000): Producer {
  const answer = client.call(apis.InitProducerId, 5, { transactionalId, transactionTimeoutMs })
  assert.equal(answer.errorCode, ErrorCode.NONE)
  return { transactionalId, producerId: answer.producerId, producerEpoch: answer.producerEpoch }
}

function batch(producer: Producer, baseSequence: number, values: readonly string[], transactional = true): Buffer {
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append(1_700_000_000_000, null, Buffer.from(value))
  const { producerId, producerEpoch } = producer
  return builder.build({ producerId, producerEpoch, baseSequence, transactional })
}

function produce(
  client: CoreClient,
  producer: Producer,
  baseSequence: number,
  values: readonly string[],
  options: { topic?: string; index?: number; version?: number; transactional?: boolean } = {},
): { errorCode: number; baseOffset: number } {
  const { topic = 'order', index = 0, version = 12, transactional = true } = options
  const answer = client.call(apis.Produce, version, {
    transactionalId: transactional ? producer.transactionalId : null,
    acks: -1,
    timeoutMs: 1000,
    topicData: [
      { name: topic, partitionData: [{ index, records: batch(producer, baseSequence, values, transactional) }] },
    ],
  })
  return answer.responses[0]!.partitionResponses[0]!
}

function end(
  client: CoreClient,
  producer: Producer,
  committed: boolean,
  version = 5,
): { code: number; next: Producer } {
  const answer = client.call(apis.EndTxn, version, { ...producer, committed })
  const next =
    version >= 5 ? { ...producer, producerId: answer.producerId, producerEpoch: answer.producerEpoch } : producer
  return { code: answer.errorCode, next }
}

/** What a consumer of this isolation sees, and how far the log is stable. */
function consume(
  client: CoreClient,
  topic = 'order',
  isolationLevel = 1,
  partition = 0,
): { values: string[]; lso: number } {
  const answer = client.call(apis.Fetch, 12, {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1 << 24,
    isolationLevel,
    topics: [{ topic, partitions: [{ partition, fetchOffset: 0, partitionMaxBytes: 1 << 24 }] }],
  })
  const found = answer.responses[0]!.partitions[0]!
  assert.equal(found.errorCode, 0)
  const aborted = [...(found.abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
  const dropping = new Set<number>()
  const values: string[] = []
  for (const one of batchesIn(found.records ?? Buffer.alloc(0))) {
    while (aborted[0] && aborted[0].firstOffset <= one.lastOffset) dropping.add(aborted.shift()!.producerId)
    if (one.isControl) dropping.delete(one.producerId)
    if (one.isControl || (one.isTransactional && dropping.has(one.producerId))) continue
    for (const cursor = one.cursor(); cursor.next(); ) values.push(cursor.valueBytes()!.toString())
  }
  return { values, lso: found.lastStableOffset }
}

test('a transaction of a v2 client is seen when it commits, and ends with a new epoch', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  assert.equal(produce(client, producer, 0, ['a', 'b']).errorCode, ErrorCode.NONE)
  assert.deepEqual(consume(client), { values: [], lso: 0 })
  const { code, next } = end(client, producer, true)
  assert.equal(code, ErrorCode.NONE)
  assert.equal(next.producerEpoch, producer.producerEpoch + 1)
  assert.deepEqual(consume(client), { values: ['a', 'b'], lso: 3 })
  assert.equal(produce(client, next, 0, ['c']).errorCode, ErrorCode.NONE)
  assert.equal(end(client, next, false).code, ErrorCode.NONE)
  assert.deepEqual(consume(client), { values: ['a', 'b'], lso: 5 })
})

test('a batch that arrives after its transaction has ended is refused', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  end(client, producer, true)
  assert.equal(produce(client, producer, 1, ['late']).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.deepEqual(consume(client), { values: ['a'], lso: 2 })
})

test('a transaction of a v1 client needs its partitions added, and a late batch of it is refused', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  assert.equal(produce(client, producer, 0, ['a'], { version: 9 }).errorCode, ErrorCode.INVALID_TXN_STATE)
  const added = client.call(apis.AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: 'shop',
    v3AndBelowProducerId: producer.producerId,
    v3AndBelowProducerEpoch: producer.producerEpoch,
    v3AndBelowTopics: [{ name: 'order', partitions: [0] }],
  })
  assert.equal(added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode, ErrorCode.NONE)
  assert.equal(produce(client, producer, 0, ['a'], { version: 9 }).errorCode, ErrorCode.NONE)
  assert.equal(end(client, producer, true, 3).code, ErrorCode.NONE)
  assert.equal(end(client, producer, true, 3).code, ErrorCode.NONE)
  assert.equal(end(client, producer, false, 3).code, ErrorCode.INVALID_TXN_STATE)
  assert.equal(produce(client, producer, 1, ['late'], { version: 9 }).errorCode, ErrorCode.INVALID_TXN_STATE)
  assert.equal(produce(client, producer, 1, ['late'], { version: 11 }).errorCode, ErrorCode.TRANSACTION_ABORTABLE)
  assert.deepEqual(consume(client), { values: ['a'], lso: 2 })
})

test('a repeated batch gets its first offset and is not appended again', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  const plain = { transactional: false }
  assert.equal(produce(client, producer, 0, ['a', 'b'], plain).baseOffset, 0)
  assert.equal(produce(client, producer, 2, ['c'], plain).baseOffset, 2)
  assert.deepEqual(produce(client, producer, 0, ['a', 'b'], plain).baseOffset, 0)
  assert.equal(produce(client, producer, 4, ['e'], plain).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.deepEqual(consume(client).values, ['a', 'b', 'c'])
})

test('a successor fences its predecessor and aborts what it left open', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const first = init(client, 'shop')
  produce(client, first, 0, ['lost'])
  const second = init(client, 'shop')
  assert.equal(second.producerId, first.producerId)
  assert.ok(second.producerEpoch > first.producerEpoch)
  assert.deepEqual(consume(client), { values: [], lso: 2 })
  assert.equal(produce(client, first, 1, ['zombie']).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(end(client, first, true).code, ErrorCode.PRODUCER_FENCED)
  assert.equal(end(client, first, true, 1).code, ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(produce(client, second, 0, ['kept']).errorCode, ErrorCode.NONE)
  end(client, second, true)
  assert.deepEqual(consume(client).values, ['kept'])
})

test('a transaction that takes too long is aborted, and its producer is fenced', () => {
  const { client, clock } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop', 5_000)
  produce(client, producer, 0, ['slow'])
  clock.advance(4_999)
  assert.equal(consume(client).lso, 0)
  clock.advance(1)
  assert.deepEqual(consume(client), { values: [], lso: 2 })
  assert.equal(produce(client, producer, 1, ['late']).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
})

test('offsets of a transaction show with its commit, and not with its abort', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  let producer = init(client, 'shop')
  const commit = (committedOffset: number): number =>
    client.call(apis.TxnOffsetCommit, 5, {
      ...producer,
      groupId: 'readers',
      topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset, committedMetadata: '' }] }],
    }).topics[0]!.partitions[0]!.errorCode
  const fetch = (requireStable: boolean): { committedOffset: number; errorCode: number } =>
    client.call(apis.OffsetFetch, 8, {
      requireStable,
      groups: [{ groupId: 'readers', topics: [{ name: 'order', partitionIndexes: [0] }] }],
    }).groups[0]!.topics[0]!.partitions[0]!
  assert.equal(commit(5), ErrorCode.NONE)
  assert.equal(fetch(true).errorCode, ErrorCode.UNSTABLE_OFFSET_COMMIT)
  assert.equal(fetch(false).committedOffset, -1)
  producer = end(client, producer, true).next
  assert.equal(fetch(true).committedOffset, 5)
  assert.equal(commit(9), ErrorCode.NONE)
  producer = end(client, producer, false).next
  assert.equal(fetch(true).committedOffset, 5)
})

test('a stop between the decision and the markers is made up for by the next start', () => {
  const { client, storage, core, clock } = testCore()
  createTopic(client, 'order', 2)
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  produce(client, producer, 0, ['b'], { index: 1 })
  const transaction = core.transactions.get('shop')!
  assert.equal(transaction.state, 'Ongoing')
  const partitionOne = core.partition('order', 1)!
  const append = partitionOne.append.bind(partitionOne)
  partitionOne.append = (records, origin) => {
    if (origin === 'coordinator') throw new Error('the process ends here')
    return append(records, origin)
  }
  assert.throws(() => client.begin(apis.EndTxn, 5, { ...producer, committed: true }), /the process ends here/)
  assert.equal(core.transactions.get('shop')!.state, 'PrepareCommit')
  const next = testCore({ storage, clock })
  assert.equal(next.core.transactions.get('shop')!.state, 'CompleteCommit')
  assert.deepEqual(consume(next.client), { values: ['a'], lso: 2 })
  assert.deepEqual(consume(next.client, 'order', 1, 1), { values: ['b'], lso: 2 })
  // The client asks again, because it had no answer.
  assert.equal(end(next.client, producer, true).code, ErrorCode.NONE)
})

test('a transaction that only its partition remembers is aborted at the start', () => {
  const { client, core, storage, clock } = testCore()
  createTopic(client, 'order')
  // What a power loss under durability `write` leaves: the batch is there, the coordinator's record of it is not.
  const producer = { transactionalId: 'shop', producerId: 500, producerEpoch: 2 }
  core.partition('order', 0)!.append(batch(producer, 0, ['hanging']), 'client')
  assert.equal(consume(client).lso, 0)
  const next = testCore({ storage, clock })
  assert.deepEqual(consume(next.client), { values: [], lso: 2 })
})

test('a coordinator whose device takes records back goes on with what is left, and the client tries again', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core } = testCore({ storage, durability: 'fsync' })
  createTopic(client, 'order')
  let producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  storage.syncError = new Error('input/output error')
  assert.equal(end(client, producer, true).code, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  assert.equal(core.transactions.get('shop')!.state, 'Ongoing')
  storage.syncError = undefined
  const ended = end(client, producer, true)
  assert.equal(ended.code, ErrorCode.NONE)
  producer = ended.next
  assert.deepEqual(consume(client), { values: ['a'], lso: 2 })
  assert.equal(produce(client, producer, 0, ['b']).errorCode, ErrorCode.NONE)
})

test('a full disk refuses, changes nothing, and when there is room again everything goes on', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core } = testCore({ storage })
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  storage.freeBytes = 0
  assert.equal(end(client, producer, true).code, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  assert.equal(core.transactions.get('shop')!.state, 'Ongoing')
  storage.freeBytes = Number.POSITIVE_INFINITY
  assert.equal(end(client, producer, true).code, ErrorCode.NONE)
  assert.deepEqual(consume(client).values, ['a'])
})

test('markers that a full disk refused are written when there is room', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core, clock } = testCore({ storage })
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  // Room for the decision, not for the marker behind it.
  const pending = client.begin(apis.EndTxn, 5, { ...producer, committed: true })
  assert.equal(pending.body!.errorCode, ErrorCode.NONE)
  const next = { ...producer, producerEpoch: pending.body!.producerEpoch }
  produce(client, next, 0, ['b'])
  const size = core.topics.topic('__transaction_state')!.partitions[0]!.log.sizeInBytes
  const lastRecord = 200
  assert.ok(size > lastRecord)
  storage.freeBytes = lastRecord
  const stuck = client.begin(apis.EndTxn, 5, { ...next, committed: true })
  assert.equal(stuck.body, undefined)
  assert.equal(core.transactions.get('shop')!.state, 'PrepareCommit')
  assert.equal(consume(client).lso, 2)
  storage.freeBytes = Number.POSITIVE_INFINITY
  clock.advance(1_000)
  assert.equal(stuck.body!.errorCode, ErrorCode.NONE)
  assert.deepEqual(consume(client).values, ['a', 'b'])
})

test('a transactional id that nobody uses is forgotten, and a stop does not bring it back', () => {
  const config = { 'transactional.id.expiration.ms': '3600000' }
  const { client, core, storage, clock } = testCore({ config })
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  end(client, producer, true)
  clock.advance(2 * 3_600_000)
  assert.equal(core.transactions.get('shop'), undefined)
  const next = testCore({ storage, clock, config })
  assert.equal(next.core.transactions.get('shop'), undefined)
  assert.equal(end(next.client, producer, true).code, ErrorCode.INVALID_PRODUCER_ID_MAPPING)
})

test('no two producers get the same id, across stops too', () => {
  const storage = memoryStorage()
  const seen = new Set<number>()
  for (let life = 0; life < 3; life++) {
    const { client } = testCore({ storage })
    for (let index = 0; index < 3; index++) {
      const { producerId } = client.call(apis.InitProducerId, 5, { transactionalId: null, transactionTimeoutMs: 0 })
      assert.ok(!seen.has(producerId))
      seen.add(producerId)
    }
  }
})

test('transactions and producers can be inspected while they are open', () => {
  const { client, clock } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  clock.advance(2_000)
  const [described] = client.call(apis.DescribeTransactions, 0, {
    transactionalIds: ['shop', 'none'],
  }).transactionStates
  assert.equal(described!.transactionState, 'Ongoing')
  assert.deepEqual(described!.topics, [{ topic: 'order', partitions: [0] }])
  const list = (body: { stateFilters?: string[]; durationFilter?: number }): string[] =>
    client.call(apis.ListTransactions, 1, body).transactionStates.map((one) => one.transactionalId)
  assert.deepEqual(list({}), ['shop'])
  assert.deepEqual(list({ stateFilters: ['Empty'] }), [])
  assert.deepEqual(list({ durationFilter: 1_000 }), ['shop'])
  assert.deepEqual(list({ durationFilter: 5_000 }), [])
  const producers = client.call(apis.DescribeProducers, 0, { topics: [{ name: 'order', partitionIndexes: [0] }] })
  const [active] = producers.topics[0]!.partitions[0]!.activeProducers
  assert.deepEqual([active!.producerId, active!.currentTxnStartOffset], [producer.producerId, 0])
})

test('partitions that do not exist are not added, nor those named beside them', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const { transactionalId, producerId, producerEpoch } = init(client, 'shop')
  const answer = client.call(apis.AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [{ name: 'order', partitions: [0, 9] }],
  })
  assert.deepEqual(
    answer.resultsByTopicV3AndBelow[0]!.resultsByPartition.map((result) => result.partitionErrorCode),
    [ErrorCode.OPERATION_NOT_ATTEMPTED, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
  )
})

test('the form of AddPartitionsToTxn that brokers use serves several transactions, and verifies', () => {
  const { client } = testCore()
  createTopic(client, 'order', 2)
  const first = init(client, 'first')
  const second = init(client, 'second')
  const topics = [{ name: 'order', partitions: [0] }]
  const ask = (verifyOnly: boolean): number[] =>
    client
      .call(apis.AddPartitionsToTxn, 5, {
        transactions: [first, second].map((one) => ({ ...one, verifyOnly, topics })),
      })
      .resultsByTransaction.map((result) => result.topicResults[0]!.resultsByPartition[0]!.partitionErrorCode)
  assert.deepEqual(ask(true), [ErrorCode.TRANSACTION_ABORTABLE, ErrorCode.TRANSACTION_ABORTABLE])
  assert.deepEqual(ask(false), [ErrorCode.NONE, ErrorCode.NONE])
  assert.deepEqual(ask(true), [ErrorCode.NONE, ErrorCode.NONE])
})

test('offsets of a deleted topic do not come back with a transaction that was open then', () => {
  const { client, storage, clock } = testCore()
  createTopic(client, 'order')
  const producer = init(client, 'shop')
  client.call(apis.TxnOffsetCommit, 5, {
    ...producer,
    groupId: 'readers',
    topics: [{ name: 'order', partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }] }],
  })
  client.call(apis.DeleteTopics, 6, { topics: [{ name: 'order' }], timeoutMs: 1000 })
  createTopic(client, 'order')
  assert.equal(end(client, producer, true).code, ErrorCode.NONE)
  const fetched = (from: CoreClient): number =>
    from.call(apis.OffsetFetch, 7, { groupId: 'readers', topics: [{ name: 'order', partitionIndexes: [0] }] })
      .topics[0]!.partitions[0]!.committedOffset
  assert.equal(fetched(client), -1)
  assert.equal(fetched(testCore({ storage, clock }).client), -1)
})

test('a transaction ends although one of its topics has been deleted', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  createTopic(client, 'gone')
  const producer = init(client, 'shop')
  produce(client, producer, 0, ['a'])
  produce(client, producer, 0, ['b'], { topic: 'gone' })
  client.call(apis.DeleteTopics, 6, { topics: [{ name: 'gone' }], timeoutMs: 1000 })
  assert.equal(end(client, producer, true).code, ErrorCode.NONE)
  assert.deepEqual(consume(client), { values: ['a'], lso: 2 })
})

test('a transaction of version 2 begins at sequence 0 (KIP-890)', () => {
  const { client } = testCore()
  createTopic(client, 'order')
  const newer = init(client, 'newer')
  assert.equal(produce(client, newer, 3, ['lost its beginning']).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(produce(client, newer, 0, ['first']).errorCode, ErrorCode.NONE)
  const { next } = end(client, newer, true)
  assert.equal(produce(client, next, 1, ['not at 0']).errorCode, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(produce(client, next, 0, ['second']).errorCode, ErrorCode.NONE)
  end(client, next, true)
  assert.deepEqual(consume(client).values, ['first', 'second'])
})
