import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom, systemClock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { ConnectRecord } from '../data/record.ts'
import type { SourceConnector, SourceOutput, SourcePull, SourceSession, StoredPosition } from '../runtime/connector.ts'
import { runSource } from '../runtime/source-runner.ts'
import type { RunningConnector } from '../runtime/status.ts'
import { differences, eventually, pause, valuesIn } from './support.ts'

/** A source under test and what it reads from. One is made for each test. */
export interface SourceSubject extends AsyncDisposable {
  /** The connector as a process would make it at its start; called for every start, always with the same name. */
  connector(): SourceConnector
  /** Makes this happen where the source reads, once each, for good; each id is told from the others in a record of its own. */
  emit(ids: readonly string[]): Promise<void>
  /** The id in a record's value, as its bytes in the topic say it. */
  idOf(value: string): string
  /** The topic of the records. */
  readonly topic: string
}

export interface SourceSuite {
  /** A client to a broker; each has connections of its own, and closing one is how the suite kills a process. */
  readonly client: () => KafkaClient
  readonly subject: () => Promise<SourceSubject>
  /** How many starts are cut off in the middle of their work. Default 10. */
  readonly kills?: number
  /** Default 10000. */
  readonly timeoutMs?: number
  /** Why all of it cannot run here. */
  readonly skip?: string | undefined
}

/**
 * The contract of a source connector, as tests of `node:test`: what the runtime relies on when it promises that each event is
 * in its topic once. Run it against a connector of your own.
 *
 * @example
 * registerSourceTests('the lines of a file', {
 *   client: () => kafkaClient({ brokers }),
 *   subject: async () => new LinesSubject(await mkdtemp('lines-')),
 * })
 */
export function registerSourceTests(name: string, suite: SourceSuite): void {
  const { skip, timeoutMs = 10_000 } = suite
  const option = { skip: skip ?? false }
  test(`${name}: what happened before the start and after it is in the topic once`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    await subject.emit(ids('a', 20))
    await using running = runSource(subject.connector(), { client })
    await running.ready
    await subject.emit(ids('b', 20))
    await delivered(client, subject, [...ids('a', 20), ...ids('b', 20)], timeoutMs, running)
  })

  test(`${name}: goes on where it stood`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    for (const part of ['a', 'b', 'c']) {
      await subject.emit(ids(part, 10))
      await using running = runSource(subject.connector(), { client })
      const expected = ['a', 'b', 'c'].slice(0, 'abc'.indexOf(part) + 1).flatMap((done) => ids(done, 10))
      await delivered(client, subject, expected, timeoutMs, running)
    }
  })

  test(`${name}: killed at random moments, each event is in the topic once`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    const { kills = 10 } = suite
    const random = seededRandom(kills)
    const expected: string[] = []
    for (let kill = 0; kill < kills; kill++) {
      const batch = ids(`k${kill}-`, 30)
      expected.push(...batch)
      const victim = suite.client()
      const running = runSource(subject.connector(), { client: victim, limits: { maxTransactionRecords: 7 } })
      await subject.emit(batch)
      await pause(random.next() * 120)
      // Without its connections it can neither commit nor abort, as a process that is gone.
      await victim.close()
      await running.close()
    }
    await using running = runSource(subject.connector(), { client })
    await delivered(client, subject, expected, timeoutMs, running)
  })

  registerSessionTests(name, suite)
}

/** What holds for one session by itself, without Kafka. */
function registerSessionTests(name: string, suite: SourceSuite): void {
  const { timeoutMs = 10_000 } = suite
  const option = { skip: suite.skip ?? false }
  test(
    `${name}: a position outlives being written down, and what was not committed comes again from it`,
    option,
    async () => {
      await using subject = await suite.subject()
      await using client = suite.client()
      const connector = subject.connector()
      await subject.emit(ids('a', 12))
      const first = await readSome(connector, client, undefined, 5, timeoutMs)
      assert.deepEqual(JSON.parse(JSON.stringify(first.position)), first.position, 'the position is JSON')
      // Nothing was committed: from the same place everything comes again.
      const again = await readSome(connector, client, undefined, 12, timeoutMs)
      assert.ok(again.records >= 12, `${again.records} records`)
      const rest = await readSome(
        connector,
        client,
        JSON.parse(JSON.stringify(first.position)),
        12 - first.records,
        timeoutMs,
      )
      assert.equal(rest.records, 12 - first.records)
    },
  )

  test(`${name}: a pull without records comes back in time, and closing ends one that waits`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    const stop = new AbortController()
    const session = await openSession(subject.connector(), client, undefined, stop.signal)
    const startedMs = performance.now()
    const output = new CountingOutput(1_000)
    const pulled = await session.pull(output, 100)
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs < 100 + 2_000, `it took ${tookMs} ms`)
    assert.ok(pulled === undefined || output.records === 0 || pulled.position !== undefined)
    const waiting = session.pull(new CountingOutput(1_000), 60_000).catch(() => undefined)
    stop.abort(new Error('stopped'))
    await session.close()
    await eventually(
      'the pull to end',
      () => Promise.race([waiting.then(() => true), pause(10).then(() => false)]),
      Boolean,
      timeoutMs,
    )
  })

  test(`${name}: a full output ends a pull`, option, async () => {
    await using subject = await suite.subject()
    await using client = suite.client()
    await subject.emit(ids('a', 50))
    const { position, records } = await readSome(subject.connector(), client, undefined, 1, timeoutMs, 10)
    // One event may become several records, and the last one that was begun is ended.
    assert.ok(records < 50, `${records} records in an output that was full at 10`)
    const rest = await readSome(subject.connector(), client, position, 50 - records, timeoutMs)
    assert.equal(rest.records, 50 - records)
  })
}

/** Pulls until there are so many records, from a position on; commits nothing. */
async function readSome(
  connector: SourceConnector,
  client: KafkaClient,
  position: StoredPosition | undefined,
  atLeast: number,
  timeoutMs: number,
  fullAt = Number.POSITIVE_INFINITY,
): Promise<{ readonly position: StoredPosition | undefined; readonly records: number }> {
  const stop = new AbortController()
  const session = await openSession(connector, client, position, stop.signal)
  try {
    let last: SourcePull | undefined
    let records = 0
    const deadline = performance.now() + timeoutMs
    while (records < atLeast || last?.transaction === 'continue') {
      const output = new CountingOutput(fullAt)
      const pulled = await session.pull(output, 200)
      records += output.records
      last = pulled ?? last
      if (performance.now() > deadline) throw new Error(`${records} of ${atLeast} records within ${timeoutMs} ms`)
    }
    return { position: last?.position, records }
  } finally {
    stop.abort(new Error('stopped'))
    await session.close()
  }
}

function openSession(
  connector: SourceConnector,
  client: KafkaClient,
  position: StoredPosition | undefined,
  signal: AbortSignal,
): Promise<SourceSession> {
  return connector.open({ position, client, signal, clock: systemClock, report: () => {} })
}

/** Counts what a source gives out. */
class CountingOutput implements SourceOutput {
  readonly #fullAt: number
  records = 0

  constructor(fullAt: number) {
    this.#fullAt = fullAt
  }

  get isFull(): boolean {
    return this.records >= this.#fullAt
  }

  append(): void {
    this.records++
  }

  record(_: ConnectRecord): void {
    this.records++
  }
}

function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${n}`)
}

/** Waits until all are there, and then a little for what must not come. */
async function delivered(
  client: KafkaClient,
  { topic, idOf }: SourceSubject,
  expected: readonly string[],
  timeoutMs: number,
  running: RunningConnector,
): Promise<void> {
  const found = async (): Promise<string[]> => (await valuesIn(client, topic)).map(idOf)
  await eventually(
    `${expected.length} records in ${topic}`,
    async () => (await found()).length,
    (n) => n >= expected.length,
    timeoutMs,
    running,
  )
  await pause(100)
  assert.deepEqual(
    differences(expected, await found()),
    {},
    'how often events are in the topic that are not there once',
  )
}
