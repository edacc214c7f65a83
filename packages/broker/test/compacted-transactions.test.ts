import assert from 'node:assert/strict'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import { apis, batchesIn, ErrorCode, type RecordBatchView } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { type CoreClient, testCore } from './support/core-client.ts'
import { MortalProcess } from './support/mortal.ts'
import { batch } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

function createCompacted(client: CoreClient, settings: Record<string, string> = {}): void {
  const all = { 'cleanup.policy': 'compact', 'segment.bytes': '400', 'min.cleanable.dirty.ratio': '0', ...settings }
  const configs = Object.entries(all).map(([name, value]) => ({ name, value }))
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'table', numPartitions: 1, replicationFactor: 1, configs }] })
}

/** Fills the active segment, so that everything before it may be cleaned. */
function pushOut(client: CoreClient): void {
  for (let count = 0; count < 2; count++) {
    assert.equal(produce(client, 'table', batch([{ key: 'filler', value: 'x'.repeat(400) }])).errorCode, 0)
  }
}

interface Producer {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
  sequence: number
}

function open(client: CoreClient, transactionalId: string): Producer {
  const { producerId, producerEpoch } = client.call(apis.InitProducerId, 4, {
    transactionalId,
    transactionTimeoutMs: 60_000,
  })
  return { transactionalId, producerId, producerEpoch, sequence: 0 }
}

function write(client: CoreClient, producer: Producer, key: string, value: string): void {
  const { transactionalId, producerId, producerEpoch } = producer
  client.call(apis.AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [{ name: 'table', partitions: [0] }],
  })
  const options = { producerId, producerEpoch, baseSequence: producer.sequence++, transactional: true }
  assert.equal(produce(client, 'table', batch([{ key, value }], options), { transactionalId }).errorCode, 0)
}

function end(client: CoreClient, { transactionalId, producerId, producerEpoch }: Producer, committed: boolean): void {
  assert.equal(client.call(apis.EndTxn, 3, { transactionalId, producerId, producerEpoch, committed }).errorCode, 0)
}

function batchesOf(core: BrokerCore): { offset: number; control: boolean; records: number; producerId: number }[] {
  return [...core.partition('table', 0)!.scan()].map((one: RecordBatchView) => ({
    offset: one.baseOffset,
    control: one.isControl,
    records: one.recordCount,
    producerId: one.producerId,
  }))
}

/** What a consumer with read_committed takes from fetches, as Java's does. */
function committed(client: CoreClient, core: BrokerCore): Map<string, string> {
  const found = new Map<string, string>()
  const stop = core.partition('table', 0)!.lastStableOffset
  for (let offset = 0; offset < stop; ) {
    const { records, abortedTransactions } = fetchNow(client, 'table', offset, { committed: true })
    const coming = [...(abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
    const skipped = new Set<number>()
    const from = offset
    for (const one of batchesIn(records as Buffer)) {
      offset = one.nextOffset
      while (coming.length > 0 && coming[0]!.firstOffset <= one.lastOffset) skipped.add(coming.shift()!.producerId)
      if (one.isControl) {
        skipped.delete(one.producerId)
        continue
      }
      if (one.isTransactional && skipped.has(one.producerId)) continue
      for (const cursor = one.cursor(); cursor.next(); ) {
        const value = cursor.valueBytes()?.toString()
        if (value === undefined) found.delete(cursor.keyBytes()!.toString())
        else found.set(cursor.keyBytes()!.toString(), value)
      }
    }
    if (offset === from) break
  }
  return found
}

test('abort markers go, too, delete.retention.ms after nothing is left of what they ended', () => {
  const { client, core, clock } = testCore()
  createCompacted(client, { 'delete.retention.ms': '1000' })
  const producer = open(client, 'one')
  for (let round = 0; round < 10; round++) {
    write(client, producer, 'a', `bad${round}`)
    end(client, producer, false)
  }
  write(client, producer, 'a', 'good')
  end(client, producer, true)
  const markers = (): number => batchesOf(core).filter((one) => one.control).length
  pushOut(client)
  core.compact()
  assert.equal(markers(), 11)
  assert.deepEqual(core.partition('table', 0)!.abortedTransactions(0, 1000), [])
  assert.equal(committed(client, core).get('a'), 'good')
  clock.advance(999)
  pushOut(client)
  core.compact()
  assert.equal(markers(), 11)
  clock.advance(2)
  pushOut(client)
  core.compact()
  assert.equal(markers(), 1)
  assert.equal(committed(client, core).get('a'), 'good')
})

test('the last batch of a producer stays without records, and a repetition is known by it when the log is all there is', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  createCompacted(first.client)
  const options = { producerId: 77, producerEpoch: 0, baseSequence: 0 }
  const records = batch(
    [
      { key: 'a', value: 'old' },
      { key: 'b', value: 'old' },
    ],
    options,
  )
  assert.equal(produce(first.client, 'table', Buffer.from(records)).baseOffset, 0)
  produce(
    first.client,
    'table',
    batch([
      { key: 'a', value: 'new' },
      { key: 'b', value: 'new' },
    ]),
  )
  pushOut(first.client)
  first.core.compact()
  assert.deepEqual(batchesOf(first.core)[0], { offset: 0, control: false, records: 0, producerId: 77 })
  storage.crash('kill')
  for (const name of storage.list(first.core.partition('table', 0)!.log.folder)) {
    if (name.endsWith('.producers')) storage.delete(`${first.core.partition('table', 0)!.log.folder}/${name}`)
  }
  const { client, core, clock } = testCore({ storage })
  const again = produce(client, 'table', Buffer.from(records))
  assert.deepEqual([again.errorCode, again.baseOffset], [ErrorCode.NONE, 0])
  const next = batch([{ key: 'c', value: 'c' }], { ...options, baseSequence: 2 })
  assert.equal(produce(client, 'table', next).errorCode, ErrorCode.NONE)
  // Once the producer has gone on, or is forgotten, nothing holds the empty batch.
  pushOut(client)
  clock.advance(60_000)
  core.compact()
  assert.ok(!batchesOf(core).some((one) => one.records === 0))
})

test('a snapshot older than the compaction does not bring an aborted transaction back', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core, clock } = testCore({ storage })
  createCompacted(client, { 'delete.retention.ms': '0' })
  const producer = open(client, 'one')
  write(client, producer, 'a', 'bad')
  end(client, producer, false)
  pushOut(client)
  write(client, producer, 'a', 'good')
  end(client, producer, true)
  pushOut(client)
  const folder = core.partition('table', 0)!.log.folder
  const snapshots = storage.list(folder).filter((name) => name.endsWith('.producers'))
  const newest = `${folder}/${snapshots.sort().at(-1)!}`
  const stale = Buffer.from(storage.readFile(newest)!)
  for (let pass = 0; pass < 3; pass++) {
    clock.advance(60_000)
    core.compact()
    if (pass < 2) pushOut(client)
  }
  assert.equal(batchesOf(core).filter((one) => one.control).length, 1)
  storage.crash('kill')
  for (const name of storage.list(folder)) if (name.endsWith('.producers')) storage.delete(`${folder}/${name}`)
  storage.replaceFile(newest, stale)
  const again = testCore({ storage })
  assert.equal(committed(again.client, again.core).get('a'), 'good')
  assert.deepEqual(again.core.partition('table', 0)!.abortedTransactions(0, 10_000), [])
})

for (let seed = 1; seed <= 25; seed++) {
  test(`transactions, compaction and crashes anywhere: readers of committed records see the last of each key (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const storage = simulatedStorage({ random })
    const expected = new Map<string, string>()
    let counter = 0
    for (let life = 0; life < 6; life++) {
      const { client, core, clock } = testCore({ storage, config: { 'log.cleaner.backoff.ms': '10' } })
      if (life === 0) createCompacted(client, { 'delete.retention.ms': '30', 'segment.bytes': '700' })
      const check = (): void => {
        const found = committed(client, core)
        for (const [key, value] of expected) assert.equal(found.get(key), value, `${key} in life ${life}`)
      }
      check()
      const producers = ['one', 'two'].map((id) => open(client, id))
      for (let step = 0; step < 30; step++) {
        const producer = producers[step % 2]!
        const key = `k${Math.floor(random.next() * 6)}`
        const value = `v${counter++}`
        if (random.next() < 0.4) {
          assert.equal(produce(client, 'table', batch([{ key, value }])).errorCode, 0)
          expected.set(key, value)
        } else {
          const isCommitted = random.next() < 0.5
          write(client, producer, key, value)
          end(client, producer, isCommitted)
          if (isCommitted) expected.set(key, value)
        }
        clock.advance(Math.floor(random.next() * 8))
      }
      check()
      if (random.next() < 0.3) core.close()
      else storage.crash('kill')
    }
  })
}

test('more keys than the buffer holds take more passes, and no key loses its last record', () => {
  const { client, core } = testCore({ config: { 'log.cleaner.dedupe.buffer.size': '1048576' } })
  createCompacted(client, { 'segment.bytes': '2000000' })
  const keys = 60_000
  for (let round = 0; round < 2; round++) {
    for (let from = 0; from < keys; from += 2_000) {
      const records = Array.from({ length: 2_000 }, (_, index) => ({ key: `key-${from + index}`, value: `${round}` }))
      assert.equal(produce(client, 'table', batch(records)).errorCode, 0)
    }
  }
  produce(client, 'table', batch([{ key: 'filler', value: 'x'.repeat(900_000) }]))
  produce(client, 'table', batch([{ key: 'filler', value: 'x'.repeat(900_000) }]))
  produce(client, 'table', batch([{ key: 'filler', value: 'x'.repeat(900_000) }]))
  core.compact()
  const found = new Map<string, string[]>()
  for (const one of core.partition('table', 0)!.scan()) {
    for (const cursor = one.cursor(); cursor.next(); ) {
      const key = cursor.keyBytes()!.toString()
      const value = cursor.valueBytes()!.toString()
      if (key !== 'filler') found.set(key, [...(found.get(key) ?? []), value])
    }
  }
  assert.equal(found.size, keys)
  assert.ok([...found.values()].every((values) => values.length === 1 && values[0] === '1'))
})

for (const fresh of [true, false]) {
  const how = fresh ? 'the first' : 'a second'
  test(`a process that dies at any write of ${how} pass of compaction loses no key and brings none back`, () => {
    let died = true
    for (let writes = 0; died; writes++) {
      const storage = simulatedStorage({ random: seededRandom(writes) })
      const clock = testCore().clock
      const mortal = new MortalProcess(storage, clock)
      const { client, core } = testCore({ storage: mortal.storage, clock })
      createCompacted(client, { 'delete.retention.ms': '100', 'segment.bytes': '300' })
      const expected = new Map<string, string | undefined>()
      const producer = open(client, 'one')
      const fill = (round: number): void => {
        for (const key of ['a', 'b', 'c', 'd']) {
          const value = `${key}${round}`
          assert.equal(produce(client, 'table', batch([{ key, value }])).errorCode, 0)
          expected.set(key, value)
        }
        write(client, producer, 'a', 'bad')
        end(client, producer, false)
        write(client, producer, 'b', `good${round}`)
        end(client, producer, true)
        expected.set('b', `good${round}`)
        assert.equal(produce(client, 'table', batch([{ key: 'c', value: null }])).errorCode, 0)
        expected.set('c', undefined)
      }
      fill(0)
      fill(1)
      pushOut(client)
      // Neighbours become one segment, so that files are left over on the way.
      const settings = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0', 'delete.retention.ms': '100' }
      core.topics.alterConfig(core.topics.topic('table')!, { ...settings, 'segment.bytes': '2000' })
      if (!fresh) {
        core.compact()
        clock.advance(60_000)
        fill(2)
        pushOut(client)
        pushOut(client)
      }
      mortal.dieAfter(writes)
      core.compact()
      died = mortal.dead
      mortal.die()
      storage.crash('kill')
      for (let life = 0; life < 2; life++) {
        const again = testCore({ storage, clock })
        const found = committed(again.client, again.core)
        for (const [key, value] of expected) assert.equal(found.get(key), value, `${key}, died at write ${writes}`)
        clock.advance(60_000)
        again.core.compact()
        const after = committed(again.client, again.core)
        for (const [key, value] of expected)
          assert.equal(after.get(key), value, `${key}, died at write ${writes}, compacted`)
        if (life === 0) again.core.close()
      }
    }
  })
}
