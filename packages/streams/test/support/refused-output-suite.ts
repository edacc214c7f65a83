import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import {
  type FailedRecord,
  type FailureDecision,
  failureHandlers,
  type StartStreamsOptions,
  type StreamsInstance,
  startStreams,
  type Topology,
  topology,
} from '@millrace/streams'
import type { BrokerSuite, RunningBroker } from './broker-suite.ts'
import { metric } from './group-setup.ts'
import { waitUntil } from './kafka.ts'

const notes = topic('notes', { key: serdes.string, value: serdes.string })
const lengths = topic('lengths', { key: serdes.string, value: serdes.string })
const copies = topic('copies', { key: serdes.string, value: serdes.string })
const day = 86_400_000
const maxBytes = 2_000

/** Of each note its length and a copy of it, and how many a key has. */
function notesApp(): Topology {
  const app = topology('notes-app')
  const stream = app.stream(notes)
  stream.flatMapValues((note) => [note, `${note.length}`]).to(copies)
  stream.mapValues((note) => `${note.length}`).to(lengths)
  stream.groupByKey().count({ store: 'counts' })
  return app
}

/** Keeps the notes themselves. */
function keptApp(): Topology {
  const app = topology('kept')
  app.table(notes, { store: 'kept' }).to(lengths)
  return app
}

interface Asked {
  readonly code: string
  readonly record: FailedRecord
}

class Setup implements AsyncDisposable {
  readonly broker: RunningBroker
  readonly client: KafkaClient
  readonly asked: Asked[] = []
  readonly #directory = mkdtempSync(join(tmpdir(), 'millrace-refused-'))

  constructor(broker: RunningBroker) {
    this.broker = broker
    this.client = kafkaClient({ brokers: broker.brokers })
  }

  async createTopics(configs: Readonly<Record<string, Readonly<Record<string, string>>>>): Promise<void> {
    // Times of any kind are taken where a test does not say otherwise.
    const anyTime = { 'message.timestamp.after.max.ms': '9223372036854775807', 'retention.ms': '-1' }
    await this.client.admin.createTopics(
      [notes, lengths, copies].map(({ name }) => ({ name, partitions: 1, config: { ...anyTime, ...configs[name] } })),
    )
  }

  async write(values: readonly string[], timestamp = 1_000): Promise<void> {
    await using producer = this.client.producer({ lingerMs: 5, maxBatchBytes: 4_000_000 })
    await Promise.all(
      values.map((value, at) =>
        producer.send({ topic: notes.name, key: Buffer.from(`k${at % 3}`), value: Buffer.from(value), timestamp }),
      ),
    )
  }

  start(app: () => Topology, options: Partial<StartStreamsOptions> = {}): Promise<StreamsInstance> {
    return startStreams({
      topology: app,
      brokers: this.broker.brokers,
      stateDir: join(this.#directory, 'state'),
      ...options,
      limits: { cacheMaxBytes: 0, ...options.limits },
    })
  }

  /** A handler that notes what it is asked. */
  deciding(decision: FailureDecision): Partial<StartStreamsOptions> {
    const produce = (error: unknown, record: FailedRecord): FailureDecision => {
      this.asked.push({ code: isMillraceError(error) ? error.code : String(error), record: { ...record } })
      return decision
    }
    return { handlers: { produce } }
  }

  async values(name: string): Promise<string[]> {
    await using consumer = this.client.consumer({ isolation: 'read_committed' })
    const at = { topic: name, partition: 0 }
    consumer.assign([at])
    const [end] = await consumer.endOffsets([at])
    const found: string[] = []
    while ((consumer.position(at) ?? 0) < end!.offset) {
      for (const { batches } of await consumer.poll({ timeoutMs: 100 })) {
        for (const batch of batches) {
          for (const cursor = batch.cursor(); cursor.next(); ) found.push(String(cursor.valueBytes()))
        }
      }
    }
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.broker.close()
    rmSync(this.#directory, { recursive: true, force: true })
  }
}

const long = (at: number): string => `${at}`.padEnd(maxBytes + 100 + at, '.')

/** What becomes of results that the broker does not take, against any broker. */
export function registerRefusedOutputTests(name: string, { skip, startBroker }: BrokerSuite): void {
  const setUp = async (configs: Parameters<Setup['createTopics']>[0] = {}): Promise<Setup> => {
    const setup = new Setup(await startBroker())
    await setup.createTopics(configs)
    return setup
  }
  const small = { copies: { 'max.message.bytes': `${maxBytes}` } }
  const written = Array.from({ length: 60 }, (_, at) => (at % 20 === 7 ? long(at) : `note ${at}`))
  const fitting = written.filter((value) => value.length < maxBytes)

  test(`${name}: a result that is too large goes to the produce handler, and may be left out alone`, {
    skip,
  }, async () => {
    await using setup = await setUp(small)
    await setup.write(written)
    await using streams = await setup.start(notesApp, setup.deciding('continue'))
    await waitUntil(async () => (await setup.values('lengths')).length === written.length)
    const expected = written.flatMap((note) => (fitting.includes(note) ? [note, `${note.length}`] : [`${note.length}`]))
    assert.deepEqual(await setup.values('copies'), expected, 'each once, and what else comes of the record too')
    assert.deepEqual(
      [...new Set(setup.asked.map(({ code, record }) => `${code} ${record.stage} ${record.topic} ${record.offset}`))],
      [7, 27, 47].map((offset) => `KAFKA_MESSAGE_TOO_LARGE produce notes ${offset}`),
    )
    assert.equal(String(setup.asked[0]?.record.value), written[7])
    const counts = streams.queries.range('counts').map(({ value }) => Number(value))
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      written.length,
      'every note counts once',
    )
    assert.equal(streams.state(), 'running')
  })

  test(`${name}: a result that is too large ends the instance unless told otherwise, with nothing committed`, {
    skip,
  }, async () => {
    await using setup = await setUp(small)
    await setup.write(written)
    await using streams = await setup.start(notesApp)
    await assert.rejects(streams.finished, {
      code: 'STREAMS_PRODUCE_FAILED',
      fields: { topic: 'notes', partition: 0, offset: 7, node: 'KSTREAM-SINK-0000000002' },
      message: /too large|exceeds max\.message\.bytes/,
    })
    assert.ok(!(await setup.values('lengths')).includes(`${long(7).length}`))
    const committed = await setup.client.admin.committedOffsets('notes-app')
    assert.ok((committed[0]?.offset ?? 0) <= 7, `${committed[0]?.offset}`)
  })

  test(`${name}: a result that is too large is set aside with the record that it came of`, { skip }, async () => {
    await using setup = await setUp(small)
    await setup.write(written)
    await using streams = await setup.start(notesApp, { handlers: { produce: failureHandlers.deadLetter } })
    await waitUntil(async () => (await setup.values('lengths')).length === written.length)
    assert.deepEqual(await setup.values('notes.dlq'), [7, 27, 47].map(long))
    assert.equal(streams.state(), 'running')
  })

  test(`${name}: with retry the topic may be mended meanwhile`, { skip }, async () => {
    await using setup = await setUp(small)
    await setup.write(written)
    let attempts = 0
    const produce = (): FailureDecision => {
      attempts++
      const resource = { topic: 'copies' }
      if (attempts === 2) void setup.client.admin.alterConfigs([{ resource, set: { 'max.message.bytes': '100000' } }])
      return 'retry'
    }
    await using streams = await setup.start(notesApp, { handlers: { produce }, retryDelayMs: 50 })
    await waitUntil(async () => (await setup.values('lengths')).length === written.length)
    assert.deepEqual(
      await setup.values('copies'),
      written.flatMap((note) => [note, `${note.length}`]),
    )
    assert.ok(attempts >= 2)
    assert.equal(streams.state(), 'running')
  })

  test(`${name}: batches are no larger than a topic takes, so that no handler is asked`, { skip }, async () => {
    await using setup = await setUp(small)
    const many = Array.from({ length: 300 }, (_, at) => `${at}`.padEnd(900, '.'))
    await setup.write(many)
    await using _ = await setup.start(notesApp, setup.deciding('fail'))
    await waitUntil(async () => (await setup.values('lengths')).length === many.length)
    assert.equal((await setup.values('copies')).length, 2 * many.length)
    assert.deepEqual(setup.asked, [])
  })

  test(`${name}: a result of a time that the topic does not take goes to the produce handler`, { skip }, async () => {
    await using setup = await setUp({ copies: { 'message.timestamp.after.max.ms': `${day}` } })
    await setup.write(['now'], Date.now())
    await setup.write(['far'], Date.now() + 10 * day)
    await setup.write(['again'], Date.now())
    const app = (): Topology => {
      const built = topology('times')
      built.stream(notes).to(copies)
      return built
    }
    await using streams = await setup.start(app, setup.deciding('continue'))
    await waitUntil(async () => (await setup.values('copies')).length === 2)
    assert.deepEqual(await setup.values('copies'), ['now', 'again'])
    assert.deepEqual([...new Set(setup.asked.map(({ code }) => code))], ['KAFKA_INVALID_TIMESTAMP'])
    assert.equal(metric(streams, 'dropped_records_total'), 1)
  })

  test(`${name}: a refused result that is another one each time ends the instance with what the broker says`, {
    skip,
  }, async () => {
    await using setup = await setUp({ copies: { 'message.timestamp.after.max.ms': `${day}` } })
    await setup.write(['far'], Date.now() + 10 * day)
    let times = 0
    const app = (): Topology => {
      const built = topology('never-the-same')
      built
        .stream(notes)
        .mapValues((note) => `${note} ${times++}`)
        .to(copies)
      return built
    }
    const limits = { retryDelayMsMax: 50 }
    await using streams = await setup.start(app, { ...setup.deciding('continue'), limits })
    await assert.rejects(streams.finished, { code: 'KAFKA_INVALID_TIMESTAMP' })
    assert.deepEqual(setup.asked, [])
    assert.deepEqual(await setup.values('copies'), [])
    assert.ok(times > 5, `${times}`)
  })

  test(`${name}: a result without key for a compacted topic goes to the produce handler`, { skip }, async () => {
    await using setup = await setUp({ copies: { 'cleanup.policy': 'compact' } })
    await setup.write(['one', 'two', 'three'])
    const app = (): Topology => {
      const built = topology('keyless')
      built
        .stream(notes)
        .selectKey((note, key) => (note === 'two' ? (null as never) : key))
        .to(copies)
      return built
    }
    await using _ = await setup.start(app, setup.deciding('continue'))
    await waitUntil(async () => (await setup.values('copies')).length === 2)
    assert.deepEqual(await setup.values('copies'), ['one', 'three'])
    assert.deepEqual([...new Set(setup.asked.map(({ code }) => code))], ['KAFKA_INVALID_RECORD'])
  })

  test(`${name}: an update that the changelog does not take ends the instance, whatever the handler says`, {
    skip,
  }, async () => {
    await using setup = await setUp()
    await setup.write(written)
    const internalTopicConfig = { 'max.message.bytes': `${maxBytes}` }
    await using streams = await setup.start(keptApp, { ...setup.deciding('continue'), internalTopicConfig })
    await assert.rejects(streams.finished, { code: 'STREAMS_CHANGELOG_REFUSED' })
    assert.deepEqual(setup.asked, [])
    assert.ok(!(await setup.values('lengths')).includes(written[7]!))
  })

  test(`${name}: a dead letter that is refused itself ends the instance`, { skip }, async () => {
    await using setup = await setUp(small)
    await setup.client.admin.createTopics([
      { name: 'notes.dlq', partitions: 1, config: { 'max.message.bytes': `${maxBytes}` } },
    ])
    await setup.write(written)
    await using streams = await setup.start(notesApp, { handlers: { produce: failureHandlers.deadLetter } })
    await assert.rejects(streams.finished, { code: 'STREAMS_DEAD_LETTER_REFUSED' })
  })

  test(`${name}: at least once, too, nothing is left out that the handler has not let pass`, { skip }, async () => {
    await using setup = await setUp(small)
    await setup.write(written)
    const processingGuarantee = 'at_least_once' as const
    await using streams = await setup.start(notesApp, {
      ...setup.deciding('continue'),
      processingGuarantee,
      commitIntervalMs: 100,
    })
    const missing = async (topicName: string, wanted: readonly string[]): Promise<readonly string[]> => {
      const found = new Set(await setup.values(topicName))
      return wanted.filter((value) => !found.has(value))
    }
    await waitUntil(
      async () =>
        (
          await missing(
            'lengths',
            written.map((note) => `${note.length}`),
          )
        ).length === 0,
    )
    await waitUntil(async () => (await missing('copies', fitting)).length === 0)
    await waitUntil(() => new Set(setup.asked.map(({ record }) => record.offset)).size === 3)
    assert.deepEqual([...new Set(setup.asked.map(({ record }) => record.offset))], [7, 27, 47])
    assert.deepEqual(await missing('copies', fitting), [])
    assert.equal(streams.state(), 'running')
  })

  test(`${name}: a record that is larger than a fetch is read all the same`, { skip }, async () => {
    await using setup = await setUp({ notes: { 'max.message.bytes': '4000000' } })
    await setup.write(['before', '.'.repeat(3_000_000), 'after'])
    await using _ = await setup.start(() => {
      const app = topology('large')
      app
        .stream(notes)
        .mapValues((note) => `${note.length}`)
        .to(lengths)
      return app
    })
    await waitUntil(async () => (await setup.values('lengths')).length === 3)
    assert.deepEqual(await setup.values('lengths'), ['6', '3000000', '5'])
  })
}
