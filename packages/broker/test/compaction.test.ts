import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { seededRandom } from '@millrace/base'
import type { VirtualClock } from '@millrace/base/internal'
import { apis, batchesIn } from '@millrace/protocol'
import type { BrokerCore } from '../src/core/broker-core.ts'
import { simulatedStorage } from '../src/core/storage/simulated-storage.ts'
import { diskStorage } from '../src/storage/disk-storage.ts'
import { type CoreClient, testCore } from './support/core-client.ts'
import { batch, type TestRecord } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

interface Found {
  readonly offset: number
  readonly key: string | undefined
  readonly value: string | undefined
  readonly timestamp: number
}

function createCompacted(client: CoreClient, settings: Record<string, string> = {}): void {
  const all = { 'cleanup.policy': 'compact', 'segment.bytes': '400', 'min.cleanable.dirty.ratio': '0', ...settings }
  const configs = Object.entries(all).map(([name, value]) => ({ name, value }))
  client.call(apis.CreateTopics, 7, { topics: [{ name: 'table', numPartitions: 1, replicationFactor: 1, configs }] })
}

function put(client: CoreClient, records: TestRecord[], options: Parameters<typeof batch>[1] = {}): void {
  assert.equal(produce(client, 'table', batch(records, options)).errorCode, 0)
}

function readTable(client: CoreClient, core: BrokerCore): Found[] {
  const found: Found[] = []
  const end = core.partition('table', 0)!.logEndOffset
  for (let offset = 0; offset < end; ) {
    const { records } = fetchNow(client, 'table', offset)
    const from = offset
    for (const one of batchesIn(records!)) {
      assert.ok(one.isCrcValid())
      offset = one.nextOffset
      if (one.isControl) continue
      for (const cursor = one.cursor(); cursor.next(); ) {
        const { offset: at, timestamp } = cursor
        found.push({
          offset: at,
          key: cursor.keyBytes()?.toString(),
          value: cursor.valueBytes()?.toString(),
          timestamp,
        })
      }
    }
    if (offset === from) break
  }
  return found
}

/** Fills the active segment, so that everything before it may be cleaned. */
function pushOut(client: CoreClient): void {
  put(client, [{ key: 'filler', value: 'x'.repeat(400) }])
  put(client, [{ key: 'filler', value: 'x'.repeat(400) }])
}

function latest(found: readonly Found[]): Map<string, string | undefined> {
  return new Map(found.map(({ key, value }) => [key!, value]))
}

for (const compression of ['none', 'lz4'] as const) {
  test(`the last record of each key stays, at its offset and with its time (${compression})`, () => {
    const { client, core, clock } = testCore()
    createCompacted(client)
    for (let round = 0; round < 10; round++) {
      const timestamp = clock.now() + round
      put(
        client,
        ['a', 'b', 'c'].map((key) => ({ key, value: `${key}${round}`, timestamp })),
        { compression },
      )
    }
    pushOut(client)
    const before = readTable(client, core)
    core.compact()
    const after = readTable(client, core)
    assert.deepEqual(latest(after), latest(before))
    assert.equal(after.filter((one) => one.key === 'a').length, 1)
    for (const one of after) assert.deepEqual(one, before[one.offset])
  })
}

test('an offset that was cleaned away reads on at the next record', () => {
  const { client, core } = testCore()
  createCompacted(client)
  for (let round = 0; round < 20; round++) put(client, [{ key: 'a', value: `a${round}` }])
  pushOut(client)
  core.compact()
  const [first] = batchesIn(fetchNow(client, 'table', 3).records!)
  assert.equal(first!.lastOffset, 19)
})

test('a tombstone hides its key at once and goes after delete.retention.ms', () => {
  const { client, core, clock } = testCore()
  createCompacted(client, { 'delete.retention.ms': '1000' })
  put(client, [
    { key: 'a', value: 'old' },
    { key: 'b', value: 'kept' },
  ])
  put(client, [{ key: 'a', value: null, timestamp: 5 }])
  pushOut(client)
  core.compact()
  const first = readTable(client, core).filter((one) => one.key === 'a')
  assert.deepEqual(first, [{ offset: 2, key: 'a', value: undefined, timestamp: 5 }])
  clock.advance(999)
  pushOut(client)
  core.compact()
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 1)
  clock.advance(1)
  pushOut(client)
  core.compact()
  const last = readTable(client, core)
  assert.deepEqual(
    last.filter((one) => one.key === 'a'),
    [],
  )
  assert.equal(latest(last).get('b'), 'kept')
})

test('the active segment and records younger than min.compaction.lag.ms stay as they are', () => {
  const { client, core, clock } = testCore()
  createCompacted(client, { 'min.compaction.lag.ms': '1000' })
  for (let round = 0; round < 10; round++) put(client, [{ key: 'a', value: `a${round}`, timestamp: clock.now() }])
  pushOut(client)
  core.compact()
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 10)
  clock.advance(2000)
  core.compact()
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 1)
})

function transaction(
  client: CoreClient,
  transactionalId: string,
  values: Record<string, string>,
  committed: boolean,
): void {
  const { producerId, producerEpoch } = client.call(apis.InitProducerId, 4, {
    transactionalId,
    transactionTimeoutMs: 60_000,
  })
  const topics = [{ name: 'table', partitions: [0] }]
  const added = client.call(apis.AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: transactionalId,
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: topics,
  })
  assert.equal(added.resultsByTopicV3AndBelow[0]!.resultsByPartition[0]!.partitionErrorCode, 0)
  const records = Object.entries(values).map(([key, value]) => ({ key, value }))
  const bytes = batch(records, { producerId, producerEpoch, baseSequence: 0, transactional: true })
  assert.equal(produce(client, 'table', bytes, { transactionalId }).errorCode, 0)
  assert.equal(client.call(apis.EndTxn, 3, { transactionalId, producerId, producerEpoch, committed }).errorCode, 0)
}

test('what an aborted transaction wrote goes, and never hides what was committed before', () => {
  const { client, core } = testCore()
  createCompacted(client)
  transaction(client, 'one', { a: 'good' }, true)
  transaction(client, 'two', { a: 'bad' }, false)
  pushOut(client)
  core.compact()
  const found = readTable(client, core)
  assert.equal(latest(found).get('a'), 'good')
  assert.ok(!found.some((one) => one.value === 'bad'))
})

test('nothing behind the beginning of an open transaction is compacted', () => {
  const { client, core } = testCore()
  createCompacted(client)
  const { producerId, producerEpoch } = client.call(apis.InitProducerId, 4, {
    transactionalId: 'open',
    transactionTimeoutMs: 60_000,
  })
  client.call(apis.AddPartitionsToTxn, 3, {
    v3AndBelowTransactionalId: 'open',
    v3AndBelowProducerId: producerId,
    v3AndBelowProducerEpoch: producerEpoch,
    v3AndBelowTopics: [{ name: 'table', partitions: [0] }],
  })
  const options = { producerId, producerEpoch, baseSequence: 0, transactional: true }
  produce(client, 'table', batch([{ key: 'a', value: '1' }], options), { transactionalId: 'open' })
  put(client, [{ key: 'a', value: '2' }])
  pushOut(client)
  core.compact()
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 2)
})

test('markers of committed transactions go once their records and their time are gone', () => {
  const { client, core, clock } = testCore()
  createCompacted(client, { 'delete.retention.ms': '1000' })
  for (let round = 0; round < 10; round++) transaction(client, 'one', { a: `a${round}` }, true)
  const markers = (): number => {
    let count = 0
    for (const one of core.partition('table', 0)!.scan()) count += one.isControl ? 1 : 0
    return count
  }
  pushOut(client)
  core.compact()
  assert.equal(markers(), 10)
  clock.advance(2000)
  pushOut(client)
  core.compact()
  assert.equal(markers(), 1)
  assert.equal(latest(readTable(client, core)).get('a'), 'a9')
})

test('a full disk ends a pass, and what is not rewritten stays as it was', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const { client, core, clock } = testCore({ storage })
  createCompacted(client)
  for (let round = 0; round < 20; round++) put(client, [{ key: `k${round % 7}`, value: `v${round}` }])
  pushOut(client)
  const before = readTable(client, core)
  storage.freeBytes = 50
  core.compact()
  assert.deepEqual(latest(readTable(client, core)), latest(before))
  storage.freeBytes = 1_000_000
  clock.advance(60_000)
  core.compact()
  assert.deepEqual(latest(readTable(client, core)), latest(before))
  assert.ok(readTable(client, core).length < before.length)
})

test('compaction runs on its own, in slices between which requests are served', () => {
  const { client, core, clock } = testCore()
  createCompacted(client)
  for (let round = 0; round < 20; round++) put(client, [{ key: 'a', value: `a${round}` }])
  pushOut(client)
  clock.advance(15_000)
  advanceUntil(clock, () => readTable(client, core).filter((one) => one.key === 'a').length === 1)
})

function advanceUntil(clock: VirtualClock, holds: () => boolean): void {
  for (let step = 0; step < 1000 && !holds(); step++) clock.advance(1)
  assert.ok(holds())
}

for (let seed = 1; seed <= 30; seed++) {
  test(`crashes in mid-compaction never lose, resurrect or reorder a key (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const storage = simulatedStorage({ random })
    const expected = new Map<string, string | null>()
    let counter = 0
    let first = true
    for (let life = 0; life < 6; life++) {
      const { client, core, clock } = testCore({ storage, config: { 'log.cleaner.backoff.ms': '10' } })
      if (first) createCompacted(client, { 'delete.retention.ms': '20', 'segment.bytes': '600' })
      first = false
      const check = (): void => {
        const found = latest(readTable(client, core))
        for (const [key, value] of expected) assert.equal(found.get(key), value ?? undefined, `${key} in life ${life}`)
      }
      check()
      for (let step = 0; step < 40; step++) {
        const key = `k${Math.floor(random.next() * 8)}`
        const value = random.next() < 0.3 ? null : `v${counter++}`
        put(client, [{ key, value }])
        expected.set(key, value)
        // A few milliseconds let some slices run, so that the crash finds compaction anywhere.
        clock.advance(Math.floor(random.next() * 8))
      }
      check()
      storage.crash('kill')
    }
  })
}

test('compaction on a real disk leaves only the files of what stays, also after a restart', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-compaction-'))
  try {
    const first = testCore({ storage: diskStorage(folder) })
    createCompacted(first.client)
    for (let round = 0; round < 50; round++) put(first.client, [{ key: `k${round % 3}`, value: `v${round}` }])
    pushOut(first.client)
    const before = latest(readTable(first.client, first.core))
    first.core.compact()
    assert.deepEqual(latest(readTable(first.client, first.core)), before)
    const files = readdirSync(join(folder, 'logs', first.core.topics.topic('table')!.id, '0'))
    assert.equal(
      files.filter((name) => name.endsWith('.log')).length,
      first.core.partition('table', 0)!.log.segments.length,
    )
    assert.ok(!files.some((name) => name.endsWith('.cleaned')))
    first.core.close()
    const again = testCore({ storage: diskStorage(folder) })
    assert.deepEqual(latest(readTable(again.client, again.core)), before)
    again.core.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('segments that are deleted between two slices of a pass end it, and the next one goes on with what is left', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-compaction-'))
  const { client, core, clock } = testCore({
    storage: diskStorage(folder),
    config: { 'log.cleaner.backoff.ms': '10' },
  })
  try {
    createCompacted(client, { 'cleanup.policy': 'compact,delete' })
    const { log } = core.partition('table', 0)!
    let written = 0
    for (let slices = 0; slices < 40; slices++) {
      // Nothing of them can go: every segment is a group of its own.
      for (let i = 0; i < 20; i++) put(client, [{ key: `k${written}`, value: `v${written++}` }])
      pushOut(client)
      clock.advance(10)
      for (let slice = 0; slice < slices; slice++) {
        clock.advance(1)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const offset = core.partition('table', 0)!.logEndOffset - 3
      const topics = [{ name: 'table', partitions: [{ partitionIndex: 0, offset }] }]
      client.call(apis.DeleteRecords, 2, { topics, timeoutMs: 1000 })
      for (let slice = 0; slice < 60; slice++) {
        clock.advance(1000)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const { logEndOffset } = core.partition('table', 0)!
      assert.equal(
        [...batchesIn(fetchNow(client, 'table', logEndOffset - 1).records!)].at(-1)?.nextOffset,
        logEndOffset,
      )
      assert.ok(log.segments.every(({ file }) => file.size === 0 || file.readAt(0, 1).length === 1))
    }
  } finally {
    core.close()
    rmSync(folder, { recursive: true })
  }
})

test('segments that compaction has replaced do not outlive a clean stop', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const slow = { ...storage, syncFolder: () => {} }
  const { client, core, clock } = testCore({ storage: slow, config: { 'log.cleaner.backoff.ms': '10' } })
  createCompacted(client)
  for (let round = 0; round < 20; round++) put(client, [{ key: 'a', value: `a${round}` }])
  pushOut(client)
  // Neighbours become one segment.
  const settings = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0', 'segment.bytes': '100000' }
  core.topics.alterConfig(core.topics.topic('table')!, settings)
  const { log } = core.partition('table', 0)!
  const files = (): number => storage.list(log.folder).filter((name) => name.endsWith('.log')).length
  clock.advance(10)
  advanceUntil(clock, () => files() > log.segments.length)
  clock.advance(1000)
  assert.ok(files() > log.segments.length)
  core.close()
  assert.equal(files(), log.segments.length)
})

test('max.compaction.lag.ms has compacted what the dirty ratio would leave', () => {
  const { client, core, clock } = testCore()
  createCompacted(client, { 'min.cleanable.dirty.ratio': '1', 'max.compaction.lag.ms': '5000' })
  for (let round = 0; round < 5; round++) put(client, [{ key: 'a', value: `a${round}` }])
  pushOut(client)
  core.compact()
  // All of it is dirty, which is as much as the ratio asks for: from here on some is clean.
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 1)
  for (let round = 0; round < 5; round++) put(client, [{ key: 'a', value: `b${round}` }])
  pushOut(client)
  core.compact()
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 6)
  clock.advance(5001)
  core.compact()
  assert.equal(readTable(client, core).filter((one) => one.key === 'a').length, 1)
})

test('what is clean is known after a clean stop, and not cleaned again', () => {
  const storage = simulatedStorage({ random: seededRandom(1) })
  const first = testCore({ storage })
  createCompacted(first.client, { 'min.cleanable.dirty.ratio': '0.5' })
  for (let round = 0; round < 50; round++) put(first.client, [{ key: `k${round}`, value: 'v' }])
  pushOut(first.client)
  first.core.compact()
  const { cleanedUpTo } = first.core.partition('table', 0)!
  assert.ok(cleanedUpTo > 40)
  first.core.close()
  const { client, core } = testCore({ storage })
  assert.equal(core.partition('table', 0)!.cleanedUpTo, cleanedUpTo)
  const segments = [...core.partition('table', 0)!.log.segments]
  put(client, [{ key: 'k1', value: 'w' }])
  core.compact()
  assert.deepEqual(core.partition('table', 0)!.log.segments.slice(0, segments.length - 1), segments.slice(0, -1))
})
