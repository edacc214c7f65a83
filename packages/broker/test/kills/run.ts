import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { randomInt, seededRandom } from '@millrace/base'
import { apis, batchesIn } from '@millrace/protocol'
import { RawConnection } from '../support/raw-connection.ts'
import { IdempotentWorker, TableWorker, TopicWorker, TransactionalWorker } from './workers.ts'

export interface KillRun {
  readonly seed: number
  readonly kills: number
  readonly durability: 'write' | 'fsync'
  readonly verifyEvery: number
  report?(text: string): void
}

const script = join(import.meta.dirname, '../support/broker-process.ts')

/** Segments, intervals and pauses so short that a kill meets rolls, retention and compaction. */
const config = {
  'log.cleaner.backoff.ms': '20',
  'log.retention.check.interval.ms': '30',
  'offsets.topic.segment.bytes': '20000',
  'transaction.state.log.segment.bytes': '20000',
  'log.segment.bytes': '40000',
}

const topics: Readonly<Record<string, Record<string, string>>> = {
  log: {},
  short: { 'retention.bytes': '100000', 'segment.bytes': '20000' },
  ledger: {},
  table: { 'cleanup.policy': 'compact', 'segment.bytes': '5000', 'delete.retention.ms': '50' },
}

/**
 * Kills a broker process again and again at random moments while clients of four kinds work, and checks what they were told:
 * nothing acknowledged is lost, nothing of an idempotent producer is there twice or out of order, a transaction is there as a whole or
 * not at all. Throws an AssertionError that names the seed.
 */
export async function runKills(run: KillRun): Promise<{ records: number; transactions: number; topics: number }> {
  const random = seededRandom(run.seed)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-kills-'))
  const log = new IdempotentWorker('log', random)
  const short = new IdempotentWorker('short', random)
  const mover = new TransactionalWorker(random)
  const table = new TableWorker()
  const topicWorker = new TopicWorker()
  const workers = [log, short, mover, table, topicWorker]
  let child: ChildProcess | undefined
  try {
    for (let life = 0; life <= run.kills; life++) {
      const started = await spawnBroker(folder, run.durability)
      child = started.child
      const { port } = started
      if (life === 0) await createTopics(port)
      if (life % run.verifyEvery === 0 || life === run.kills) {
        using connection = await RawConnection.open(port)
        await mover.settle(connection)
        await verifyStream(connection, log, false)
        await verifyStream(connection, short, true)
        await verifyLedger(connection, mover)
        await verifyTable(connection, table)
        await verifyTopics(connection, topicWorker)
        run.report?.(
          `seed ${run.seed}, ${run.durability}: ${life} kills, ${log.acknowledged} records, ${mover.committed.length} transactions`,
        )
      }
      if (life === run.kills) break
      const connections = await Promise.all(workers.map(() => RawConnection.open(port)))
      const working = workers.map((worker, index) => worker.work(connections[index]!))
      const finding = Promise.all(working.map((one) => one.catch(onlyTheEnd)))
      const before = mover.ended
      await Promise.race([delay(20 + randomInt(random, 250)), finding])
      // Every other life gets somewhere, also on a machine that is busy.
      if (life % 2 === 0) await Promise.race([until(() => mover.ended > before + 2), finding])
      const dead = once(child, 'exit')
      child.kill('SIGKILL')
      await Promise.all([dead, finding])
      for (const connection of connections) connection[Symbol.dispose]()
    }
  } catch (error) {
    throw new assert.AssertionError({ message: `seed ${run.seed}, ${run.durability}: ${(error as Error).stack}` })
  } finally {
    child?.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return { records: log.acknowledged, transactions: mover.committed.length, topics: topicWorker.deleted.size }
}

/** Waits for something to become so, for a few seconds at most. */
async function until(holds: () => boolean): Promise<void> {
  for (let step = 0; step < 2_000 && !holds(); step++) await delay(5)
}

function onlyTheEnd(error: unknown): void {
  if (error instanceof assert.AssertionError) throw error
}

async function spawnBroker(folder: string, durability: string): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [...process.execArgv, script, folder, durability, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await Promise.race([
    once(child.stdout!, 'data'),
    once(child, 'exit').then(() => assert.fail('the broker did not start')),
  ])) as [Buffer]
  return { child, port: Number(line.toString()) }
}

async function createTopics(port: number): Promise<void> {
  using connection = await RawConnection.open(port)
  const wanted = Object.entries(topics).map(([name, settings]) => ({
    name,
    numPartitions: name === 'ledger' ? 2 : 1,
    replicationFactor: 1,
    configs: Object.entries(settings).map(([key, value]) => ({ name: key, value })),
  }))
  const answer = await connection.call(apis.CreateTopics, 5, { topics: wanted })
  for (const topic of answer.topics) assert.equal(topic.errorCode, 0)
}

interface Found {
  readonly key: string
  readonly value: string | undefined
}

/** Everything that a reader of committed records gets, from the log start on. */
async function readAll(connection: RawConnection, topic: string, partition = 0): Promise<Found[]> {
  const found: Found[] = []
  const listed = await connection.call(apis.ListOffsets, 4, {
    isolationLevel: 1,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp: -2 }] }],
  })
  for (let offset = listed.topics[0]!.partitions[0]!.offset; ; ) {
    const answer = await connection.call(apis.Fetch, 11, {
      maxWaitMs: 0,
      maxBytes: 10_000_000,
      isolationLevel: 1,
      sessionEpoch: -1,
      topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 1_000_000 }] }],
    })
    const { records, errorCode, abortedTransactions, logStartOffset } = answer.responses[0]!.partitions[0]!
    // Retention may take what was about to be read.
    if (errorCode === 1 && logStartOffset !== offset) return readAll(connection, topic, partition)
    assert.equal(errorCode, 0)
    const coming = [...(abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset)
    const skipped = new Set<number>()
    const from = offset
    for (const batch of batchesIn((records as Buffer | null) ?? Buffer.alloc(0))) {
      assert.ok(batch.isCrcValid())
      while (coming.length > 0 && coming[0]!.firstOffset <= batch.lastOffset) skipped.add(coming.shift()!.producerId)
      if (batch.isControl) skipped.delete(batch.producerId)
      else if (!batch.isTransactional || !skipped.has(batch.producerId)) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset >= from)
            found.push({ key: String(cursor.keyBytes()), value: cursor.valueBytes()?.toString() })
        }
      }
      offset = batch.nextOffset
    }
    if (offset === from) return found
  }
}

async function verifyStream(connection: RawConnection, worker: IdempotentWorker, retained: boolean): Promise<void> {
  const found = (await readAll(connection, worker.topic)).map(({ key }) => Number(key))
  const first = retained ? (found[0] ?? 0) : 0
  const expected = Array.from({ length: found.length }, (_, index) => first + index)
  assert.deepEqual(found, expected, `${worker.topic} has holes, repetitions or another order`)
  assert.ok(
    first + found.length >= worker.acknowledged,
    `${worker.topic} lost records: ${first + found.length} of ${worker.acknowledged}`,
  )
}

async function verifyLedger(connection: RawConnection, worker: TransactionalWorker): Promise<void> {
  const [one, two] = [await readAll(connection, 'ledger', 0), await readAll(connection, 'ledger', 1)]
  assert.deepEqual(one, two, 'a transaction is only in one of its partitions')
  const ids = one.map(({ key }) => Number(key))
  assert.deepEqual(
    ids,
    [...new Set(ids)].sort((a, b) => a - b),
    'transactions are there twice, or out of order',
  )
  const there = new Set(ids)
  assert.deepEqual(
    worker.committed.filter((id) => !there.has(id)),
    [],
    'committed transactions are lost',
  )
  assert.deepEqual(
    worker.aborted.filter((id) => there.has(id)),
    [],
    'aborted transactions are visible',
  )
}

async function verifyTable(connection: RawConnection, worker: TableWorker): Promise<void> {
  const found = new Map((await readAll(connection, 'table')).map(({ key, value }) => [key, Number(value)]))
  for (const [key, value] of worker.latest)
    assert.ok(found.get(key)! >= value, `${key} went back from ${value} to ${found.get(key)}`)
  const offsets = await connection.call(apis.OffsetFetch, 7, { groupId: 'g', topics: null })
  const committed = offsets.topics[0]?.partitions[0]?.committedOffset ?? -1
  assert.ok(
    committed >= worker.committedOffset,
    `the committed offset went back from ${worker.committedOffset} to ${committed}`,
  )
}

async function verifyTopics(connection: RawConnection, worker: TopicWorker): Promise<void> {
  const { topics: listed } = await connection.call(apis.Metadata, 9, { topics: null })
  const there = new Set(listed.map((topic) => topic.name!))
  assert.deepEqual(
    [...worker.existing].filter((name) => !there.has(name)),
    [],
    'created topics are lost',
  )
  assert.deepEqual(
    [...worker.deleted].filter((name) => there.has(name)),
    [],
    'deleted topics are back',
  )
  for (const name of worker.existing) {
    const found = await readAll(connection, name, 1)
    assert.ok(found.length <= 1)
  }
}
