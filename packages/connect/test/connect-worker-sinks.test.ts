import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { connectError } from '../src/errors.ts'
import { configDef, type SinkConnector, type TransformPlugin } from '../src/index.ts'
import { builtInPlugins, withPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import { ledgerSink } from './support/ledger-sink.ts'
import { SinkDriver } from './support/sink-driver.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

/** How often a record was tried, by its id. */
const attempts = new Map<string, number>()

/** A transform that asks something that is away, so many times for each id. */
const awayPlugin: TransformPlugin = {
  classNames: ['example.Away'],
  configDef: configDef({ b: { type: 'int', default: 0, importance: 'low', doc: 'Failures at b.' } }),
  create: ({ b }) => ({
    apply: (record) => {
      const { id } = record.value.value as { id: string }
      const attempt = (attempts.get(id) ?? 0) + 1
      attempts.set(id, attempt)
      if (id === 'b' && attempt <= Number(b)) throw connectError('DATABASE_UNAVAILABLE', 'the lookup is away')
      return record
    },
  }),
}

describe('sinks of a Connect worker', () => {
  let broker: Broker
  let client: KafkaClient
  let worker: ConnectWorker
  let folder: string
  let cases = 0

  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    folder = await mkdtemp(join(tmpdir(), 'connect-sinks-'))
    const plugins = withPlugins(builtInPlugins, { connectors: [ledgerSink], transforms: [awayPlugin] })
    worker = await ConnectWorker.start({ client, plugins, groupId: 'sinks', refreshIntervalMs: 100 })
  })

  after(async () => {
    await worker?.close()
    await client?.close()
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function subject(values: readonly string[]) {
    const name = `ledger-${++cases}`
    const topic = `payments-${cases}`
    const file = join(folder, `${name}.db`)
    await client.admin.createTopics([{ name: topic, partitions: 1 }])
    await using producer = client.producer({})
    for (const value of values) await producer.send({ topic, key: null, value: Buffer.from(value) })
    const config = { 'connector.class': 'LedgerSink', topics: topic, 'ledger.file': file }
    const applied = (): string[] => {
      using db = new DatabaseSync(file)
      db.exec('create table if not exists ledger (id text, amount integer)')
      return db
        .prepare('select id from ledger order by rowid')
        .all()
        .map(({ id }) => String(id))
    }
    const reaches = (count: number) =>
      eventually(`${count} rows`, () => (applied().length >= count ? applied() : undefined))
    return { name, topic, config, applied, reaches }
  }

  const line = (id: string, amount = 1): string => JSON.stringify({ id, amount, group: { code: id } })
  const toField = {
    transforms: 'value',
    'transforms.value.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
    'transforms.value.exclude': 'group',
  }

  test('a record that a converter, a transform or the sink refuses goes to the dead letters once, with why', async () => {
    const { name, topic, config, reaches } = await subject([line('a'), '{', line('rich', 1e9), '[1]', line('b')])
    const deadLetters = {
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': `${topic}-bad`,
      'errors.deadletterqueue.topic.replication.factor': '1',
      'errors.deadletterqueue.context.headers.enable': 'true',
    }
    await worker.create(name, { ...config, ...toField, ...deadLetters })
    assert.deepEqual(await reaches(2), ['a', 'b'])
    const letters = await eventually('three dead letters', async () => {
      const read = await readTopic(client, `${topic}-bad`).catch(() => [])
      return read.length >= 3 ? read : undefined
    })
    const told = letters.map(({ value, headers }) => [
      value,
      headers['__connect.errors.stage'],
      headers['__connect.errors.offset'],
      headers['__connect.errors.connector.name'],
    ])
    assert.deepEqual(told, [
      ['{', 'VALUE_CONVERTER', '1', name],
      [line('rich', 1e9), 'TASK_PUT', '2', name],
      ['[1]', 'TRANSFORMATION', '3', name],
    ])
    assert.equal(letters[1]?.headers['__connect.errors.exception.message'], '1000000000 is more than anybody has')
    assert.equal(worker.details(name)?.deadLetters, 3)
  })

  test('what may pass is tried again for as long as errors.retry.timeout says, and is a bad record then', async () => {
    const { name, topic, config, applied, reaches } = await subject([line('a'), line('b'), line('c')])
    const retries = {
      transforms: 'away',
      'transforms.away.type': 'example.Away',
      'errors.retry.delay.max.ms': '20',
      'errors.tolerance': 'all',
      'errors.deadletterqueue.topic.name': `${topic}-bad`,
      'errors.deadletterqueue.context.headers.enable': 'true',
    }
    attempts.clear()
    await worker.create(name, { ...config, ...retries, 'transforms.away.b': '4', 'errors.retry.timeout': '-1' })
    assert.deepEqual(await reaches(3), ['a', 'b', 'c'])
    assert.equal(attempts.get('b'), 5)
    assert.deepEqual(await client.admin.describeTopics([`${topic}-bad`], { ifExists: true }), [])
    await worker.setTarget(name, 'STOPPED')
    await worker.resetOffsets(name)
    attempts.clear()
    await worker.put(name, { ...config, ...retries, 'transforms.away.b': '1000000', 'errors.retry.timeout': '300' })
    await worker.setTarget(name, 'STARTED')
    const startedMs = Date.now()
    await eventually('the status', () => {
      const status = worker.details(name)
      return status?.error?.code === 'CONNECT_RECORD_RETRIED' && status.activity === 'trying a record again'
        ? true
        : undefined
    })
    assert.deepEqual(await reaches(5), ['a', 'b', 'c', 'a', 'c'])
    assert.ok(Date.now() - startedMs >= 300, 'it was given up too early')
    assert.ok((attempts.get('b') ?? 0) >= 2, `${attempts.get('b')} attempts`)
    const [letter, ...more] = await readTopic(client, `${topic}-bad`)
    assert.deepEqual([letter?.value, more], [line('b'), []])
    assert.equal(letter?.headers['__connect.errors.stage'], 'TRANSFORMATION')
    await worker.setTarget(name, 'STOPPED')
    await worker.resetOffsets(name)
    // Without a time it is a bad record at once.
    attempts.clear()
    await worker.put(name, { ...config, ...retries, 'transforms.away.b': '1000000' })
    await worker.setTarget(name, 'STARTED')
    assert.equal((await reaches(7)).length, 7)
    assert.equal(attempts.get('b'), 1)
    assert.equal(applied().length, 7)
  })

  test('without tolerance the first one stops it, and says which it was', async () => {
    const { name, topic, config } = await subject([line('a'), '{'])
    await worker.create(name, config)
    const failed = await eventually('the failure', () =>
      worker.status(name).tasks.find(({ state }) => state === 'FAILED'),
    )
    assert.match(failed.trace ?? '', new RegExp(`CONNECT_NO_DEAD_LETTERS: record 1 of ${topic}-0`))
  })

  test('with tolerance and no topic for dead letters they are skipped, and counted', async () => {
    const { name, config, reaches } = await subject([line('a'), '{', line('b')])
    await worker.create(name, { ...config, 'errors.tolerance': 'all' })
    assert.deepEqual(await reaches(2), ['a', 'b'])
    const { skipped, deadLetters } = await eventually('the count', () => {
      const details = worker.details(name)
      return details && details.records >= 2 ? details : undefined
    })
    assert.deepEqual([skipped, deadLetters], [1, 0])
  })

  test('its offsets are altered where they lie, in the target', async () => {
    const { name, topic, config, reaches } = await subject([line('a'), line('b'), line('c')])
    await worker.create(name, config)
    await reaches(3)
    const partition = { kafka_topic: topic, kafka_partition: 0 }
    await eventually('the offsets of the group', async () =>
      (await worker.offsets(name))[0]?.offset?.kafka_offset === 3 ? true : undefined,
    )
    await worker.setTarget(name, 'STOPPED')
    await assert.rejects(worker.alterOffsets(name, [{ partition: { topic }, offset: null }]), {
      code: 'CONNECT_OFFSETS_REFUSED',
    })
    for (const [part, offset] of [
      [{ kafka_topic: 'other', kafka_partition: 0 }, 1],
      [{ kafka_topic: topic, kafka_partition: 1 }, 1],
      [partition, -1],
      [partition, ''],
    ] as const) {
      const altered = worker.alterOffsets(name, [{ partition: part, offset: { kafka_offset: offset } }])
      await assert.rejects(altered, { code: 'CONNECT_OFFSETS_REFUSED' })
    }
    {
      // Another process runs the same sink.
      await using other = client.consumer({ groupId: `connect-${name}` })
      await other.subscribe({ topics: [topic] })
      await other.poll({ timeoutMs: 1_000 })
      await assert.rejects(worker.resetOffsets(name), { code: 'CONNECT_OFFSETS_REFUSED', message: /has members/ })
      assert.deepEqual(await worker.offsets(name), [{ partition, offset: { kafka_offset: 3 } }])
    }
    await worker.alterOffsets(name, [{ partition, offset: { kafka_offset: '1' } }])
    assert.deepEqual(await worker.offsets(name), [{ partition, offset: { kafka_offset: 1 } }])
    await worker.setTarget(name, 'STARTED')
    assert.deepEqual(await reaches(5), ['a', 'b', 'c', 'b', 'c'])
    await worker.setTarget(name, 'STOPPED')
    await worker.resetOffsets(name)
    assert.deepEqual(await worker.offsets(name), [])
    await worker.setTarget(name, 'STARTED')
    assert.equal((await reaches(8)).length, 8)
  })

  test('also those of a JDBC sink, and whoever still writes from the old ones is fenced', async () => {
    const { name, topic } = await subject(['{"n": 1}', '{"n": 2}', '{"n": 3}'])
    const file = join(folder, `${name}-jdbc.db`)
    const config = {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
      'connection.url': `jdbc:sqlite:${file}`,
      topics: topic,
      'auto.create': 'true',
      'table.name.format': 'seen',
      'value.converter': 'JsonConverter',
      'value.converter.schemas.enable': 'false',
    }
    const seen = (): unknown[] => {
      using db = new DatabaseSync(file)
      const exists = db.prepare(`select 1 from sqlite_master where name = 'seen'`).get() !== undefined
      return exists ? db.prepare('select n from seen order by rowid').all() : []
    }
    const rows = (count: number) =>
      eventually(`${count} rows`, () =>
        seen().length >= count ? seen().map((row) => (row as { n: number }).n) : undefined,
      )
    const partition = { kafka_topic: topic, kafka_partition: 0 }
    await worker.create(name, config)
    assert.deepEqual(await rows(3), [1, 2, 3])
    await worker.setTarget(name, 'STOPPED')
    // One that was taken for dead, and still has its claim.
    const { topicId } = (await client.admin.describeTopics([topic]))[0]!
    const connector = (await worker.connectorOf(name, config)) as SinkConnector
    await using zombie = await SinkDriver.open(connector, topic, 0, topicId)
    await worker.alterOffsets(name, [{ partition, offset: { kafka_offset: 2 } }])
    assert.deepEqual(await worker.offsets(name), [{ partition, offset: { kafka_offset: 2 } }])
    await assert.rejects(zombie.put([{ key: null, value: { n: 4 } }]), { code: 'CONNECT_SINK_FENCED' })
    await worker.setTarget(name, 'STARTED')
    assert.deepEqual(await rows(4), [1, 2, 3, 3])
    await worker.setTarget(name, 'STOPPED')
    await worker.resetOffsets(name)
    await worker.setTarget(name, 'STARTED')
    assert.deepEqual(await rows(7), [1, 2, 3, 3, 1, 2, 3])
  })

  test('a sink that begins at the end leaves out what was there before, and nothing after a stop', async () => {
    const { name, topic, config, reaches } = await subject([line('a'), line('b')])
    await worker.create(name, { ...config, 'consumer.override.auto.offset.reset': 'latest' })
    await eventually('it to run', () => worker.details(name)?.state === 'running' || undefined)
    await eventually('its offset', async () => ((await worker.offsets(name)).length > 0 ? true : undefined))
    await worker.setTarget(name, 'STOPPED')
    // Before the first batch: what has come by now is not left out.
    await client.producer({}).send({ topic, key: null, value: Buffer.from(line('c')) })
    await worker.setTarget(name, 'STARTED')
    assert.deepEqual(await reaches(1), ['c'])
  })

  test('a sink that may not choose where to begin stops, and begins where its offsets are put', async () => {
    const { name, topic, config, reaches } = await subject([line('a'), line('b')])
    await worker.create(name, { ...config, 'consumer.override.auto.offset.reset': 'none' })
    const failed = await eventually('the failure', () =>
      worker.status(name).tasks.find(({ state }) => state === 'FAILED'),
    )
    assert.match(failed.trace ?? '', /CONNECT_NO_OFFSET: the sink has never read/)
    await worker.setTarget(name, 'STOPPED')
    const partition = { kafka_topic: topic, kafka_partition: 0 }
    await worker.alterOffsets(name, [{ partition, offset: { kafka_offset: 1 } }])
    await worker.setTarget(name, 'STARTED')
    assert.deepEqual(await reaches(1), ['b'])
  })

  test('a pattern of topics takes those that exist, and new ones when they come', async () => {
    const { name, topic, config, reaches } = await subject([line('a')])
    const { topics: _, ...rest } = config
    await worker.create(name, { ...rest, 'topics.regex': `${topic}(-more)?` })
    assert.deepEqual(await reaches(1), ['a'])
    await client.admin.createTopics([{ name: `${topic}-more`, partitions: 1 }])
    await client.producer({}).send({ topic: `${topic}-more`, key: null, value: Buffer.from(line('b')) })
    assert.deepEqual(await reaches(2), ['a', 'b'])
  })

  test('a sink whose topics do not exist yet waits for them', async () => {
    const { name, config, applied } = await subject([])
    const { topics: _, ...rest } = config
    await worker.create(name, { ...rest, 'topics.regex': `later-${cases}` })
    await eventually(
      'the reason',
      () => worker.status(name).connector.trace?.includes('CONNECT_NO_TOPICS') || undefined,
    )
    await client.admin.createTopics([{ name: `later-${cases}`, partitions: 1 }])
    await client.producer({}).send({ topic: `later-${cases}`, key: null, value: Buffer.from(line('z')) })
    await eventually('the row', () => (applied().length === 1 ? true : undefined))
  })
})
