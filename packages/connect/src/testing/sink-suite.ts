import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, systemClock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import type {
  BadRecord,
  SinkBatch,
  SinkConnector,
  SinkContext,
  SinkPartition,
  SinkSession,
} from '../runtime/connector.ts'
import { runSink } from '../runtime/sink-runner.ts'
import type { RunningConnector } from '../runtime/status.ts'
import { differences, eventually, pause, valuesIn } from './support.ts'

/** A sink under test and what it writes into. One is made for each test. */
export interface SinkSubject extends AsyncDisposable {
  /** The connector as a process would make it at its start; called for every start, always with the same name. */
  connector(): SinkConnector
  /** The topic that it reads, which the suite fills. */
  readonly topic: string
  /** A record that makes the id appear in the target, once for each time that it takes effect. */
  record(id: string): { readonly key: Uint8Array | null; readonly value: Uint8Array | null }
  /** All ids in the target, each as often as it took effect. */
  applied(): Promise<readonly string[]>
  /** A record that the sink cannot write, where there is such a thing. */
  badRecord?(): { readonly key: Uint8Array | null; readonly value: Uint8Array | null }
}

export interface SinkSuite {
  /** A client to a broker; each has connections of its own, and closing one is how the suite kills a process. */
  readonly client: () => KafkaClient
  readonly subject: () => Promise<SinkSubject>
  /** How many starts are cut off in the middle of their work. Default 5. */
  readonly kills?: number
  /** Default 15000. */
  readonly timeoutMs?: number
  /** Why all of it cannot run here. */
  readonly skip?: string | undefined
}

/**
 * The contract of a sink connector, as tests of `node:test`: what the runtime relies on when it promises that each record takes
 * effect once. Run it against a connector of your own.
 *
 * @example
 * registerSinkTests('the ledger', { client: () => kafkaClient({ brokers }), subject: async () => new LedgerSubject() })
 */
export function registerSinkTests(name: string, suite: SinkSuite): void {
  const { skip, timeoutMs = 15_000, kills = 5 } = suite
  const option = { skip: skip ?? false }
  test(`${name}: each record takes effect once, also over a restart`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    for (const part of ['a', 'b']) {
      await produce(client, subject, ids(part, 50))
      await using running = runSink(subject.connector(), { client, instanceId: 'one' })
      await applied(subject, part === 'a' ? ids('a', 50) : [...ids('a', 50), ...ids('b', 50)], timeoutMs, running)
    }
  })

  test(`${name}: killed at random moments, each record takes effect once`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    const random = seededRandom(kills)
    const expected: string[] = []
    for (let kill = 0; kill < kills; kill++) {
      const batch = ids(`k${kill}-`, 100)
      expected.push(...batch)
      await produce(client, subject, batch)
      const victim = suite.client()
      const limits = { maxPartitionBytes: 1_024, maxWriteBytes: 1_024 }
      const running = runSink(subject.connector(), { client: victim, instanceId: 'one', limits })
      await running.ready.catch(() => {})
      await pause(random.next() * 150)
      await victim.close()
      await running.close()
    }
    await using running = runSink(subject.connector(), { client, instanceId: 'one' })
    await applied(subject, expected, timeoutMs, running)
  })

  test(`${name}: a record that cannot be written is set aside, and the others are written`, option, async (context) => {
    await using subject = await suite.subject()
    await using client = suite.client()
    const bad = subject.badRecord?.()
    if (!bad) return context.skip('it can write everything')
    await produce(client, subject, ids('a', 5))
    await client.producer({}).send({ topic: subject.topic, ...bad })
    await produce(client, subject, ids('b', 5))
    await using running = runSink(subject.connector(), { client })
    await applied(subject, [...ids('a', 5), ...ids('b', 5)], timeoutMs, running)
    const letters = `${subject.topic}.dlq`
    await eventually(
      'the dead letter',
      () => valuesIn(client, letters),
      ({ length }) => length >= 1,
      timeoutMs,
    )
    assert.equal((await valuesIn(client, letters)).length, 1)
  })

  registerSessionTests(name, suite)
}

/** What holds for sessions by themselves, without a consumer group. */
function registerSessionTests(name: string, suite: SinkSuite): void {
  const option = { skip: suite.skip ?? false }
  const partition: SinkPartition = { topic: 'suite', topicId: 'c3VpdGUtdG9waWMtaWQtMA', partition: 0 }
  test(
    `${name}: who claims a partition learns where to go on, and its predecessor can write no more`,
    option,
    async () => {
      await using subject = await suite.subject()
      await using first = await opened(subject.connector())
      assert.equal(await first.session.claim(partition), undefined)
      await first.session.put(batchOf(subject, partition, 0, ['a0', 'a1', 'a2']))
      await using second = await opened(subject.connector())
      assert.equal(await second.session.claim(partition), 3)
      await assert.rejects(first.session.put(batchOf(subject, partition, 3, ['a3'])), 'the predecessor still writes')
      await second.session.put(batchOf(subject, partition, 3, ['a3', 'a4']))
      assert.deepEqual(differences(['a0', 'a1', 'a2', 'a3', 'a4'], await subject.applied()), {})
    },
  )

  test(`${name}: of a batch that begins before the position only the rest takes effect`, option, async () => {
    await using subject = await suite.subject()
    await using one = await opened(subject.connector())
    await one.session.claim(partition)
    await one.session.put(batchOf(subject, partition, 0, ['a0', 'a1']))
    // A fetch brings whole batches: the first of them may begin below the offset that was asked for.
    await one.session.put({ ...batchOf(subject, partition, 0, ['a0', 'a1', 'a2', 'a3']), firstOffset: 2 })
    assert.deepEqual(differences(['a0', 'a1', 'a2', 'a3'], await subject.applied()), {})
  })

  test(`${name}: offsets without records, as transactions leave them, are passed over`, option, async () => {
    await using subject = await suite.subject()
    {
      await using one = await opened(subject.connector())
      await one.session.claim(partition)
      await one.session.put({ ...partition, batches: [], firstOffset: 0, nextOffset: 7 })
    }
    {
      await using another = await opened(subject.connector())
      assert.equal(await another.session.claim(partition), 7)
      await another.session.put(batchOf(subject, partition, 7, ['a0']))
    }
    await using next = await opened(subject.connector())
    assert.equal(await next.session.claim(partition), 8)
  })

  test(`${name}: cut off in the middle of a write, position and target agree`, option, async () => {
    await using subject = await suite.subject()
    const random = seededRandom(1)
    const idAt = (offset: number): string => `n${offset}`
    for (let cut = 0; cut < cuts; cut++) {
      const { session } = await opened(subject.connector())
      const first = (await session.claim(partition)) ?? 0
      const writing = session.put(batchOf(subject, partition, first, offsets(first, 50).map(idAt))).catch(() => {})
      await pause(random.next() * 8)
      await session.close()
      await writing
    }
    await using last = await opened(subject.connector())
    const first = (await last.session.claim(partition)) ?? 0
    await last.session.put(batchOf(subject, partition, first, offsets(first, 50).map(idAt)))
    assert.deepEqual(differences(offsets(0, first + 50).map(idAt), await subject.applied()), {})
  })

  test(
    `${name}: a dead letter that cannot be written leaves its batch to the next attempt`,
    option,
    async (context) => {
      await using subject = await suite.subject()
      const bad = subject.badRecord?.()
      if (!bad) return context.skip('it can write everything')
      const batch = batchOf(subject, partition, 0, ['a0', bad, 'a1'])
      {
        await using one = await opened(subject.connector(), async () => {
          throw new Error('the broker is away')
        })
        await one.session.claim(partition)
        await assert.rejects(one.session.put(batch), 'it goes on without its dead letter')
      }
      await using next = await opened(subject.connector())
      assert.equal((await next.session.claim(partition)) ?? 0, 0)
      await next.session.put(batch)
      assert.deepEqual(
        next.refused.map(({ offset }) => offset),
        [1],
      )
      assert.deepEqual(differences(['a0', 'a1'], await subject.applied()), {})
    },
  )
}

const cuts = 8

function offsets(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => first + n)
}

interface OpenedSink extends AsyncDisposable {
  readonly session: SinkSession
  readonly refused: readonly BadRecord[]
}

async function opened(connector: SinkConnector, deadLetter?: SinkContext['deadLetter']): Promise<OpenedSink> {
  const stop = new AbortController()
  const refused: BadRecord[] = []
  const context: SinkContext = {
    signal: stop.signal,
    clock: systemClock,
    report: () => {},
    deadLetter:
      deadLetter ??
      (async (records) => {
        refused.push(...records)
      }),
  }
  const session = await connector.open(context)
  return { session, refused, [Symbol.asyncDispose]: () => session.close() }
}

function batchOf(
  subject: SinkSubject,
  partition: SinkPartition,
  firstOffset: number,
  batch: readonly (string | ReturnType<SinkSubject['record']>)[],
): SinkBatch {
  const builder = new RecordBatchBuilder({ initialBytes: 1_024 })
  for (const record of batch) {
    const { key, value } = typeof record === 'string' ? subject.record(record) : record
    builder.append(systemClock.now(), key, value)
  }
  const view = new RecordBatchView(builder.build({ baseOffset: firstOffset }))
  return { ...partition, batches: [view], firstOffset, nextOffset: firstOffset + batch.length }
}

function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`)
}

async function produce(client: KafkaClient, subject: SinkSubject, batch: readonly string[]): Promise<void> {
  await client.admin.createTopics([{ name: subject.topic, partitions: 2 }], { ifNotExists: true })
  await using producer = client.producer({})
  await Promise.all(batch.map((id) => producer.send({ topic: subject.topic, ...subject.record(id) })))
}

/** Waits until all have taken effect, and then a little for what must not happen. */
async function applied(
  subject: SinkSubject,
  expected: readonly string[],
  timeoutMs: number,
  running: RunningConnector,
): Promise<void> {
  const count = async (): Promise<number> => (await subject.applied()).length
  await eventually(`${expected.length} records to take effect`, count, (n) => n >= expected.length, timeoutMs, running)
  await pause(100)
  assert.deepEqual(
    differences(expected, await subject.applied()),
    {},
    'how often records took effect that did not once',
  )
}
