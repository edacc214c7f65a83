import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { builtInPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import type { ConnectorOffset } from '../src/runtime/worker/connector-offsets.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

describe('a Connect worker', () => {
  let broker: Broker
  let client: KafkaClient
  let folder: string
  let cases = 0

  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
    folder = await mkdtemp(join(tmpdir(), 'connect-worker-'))
  })

  after(async () => {
    await client?.close()
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
  })

  function start(groupId: string): Promise<ConnectWorker> {
    return ConnectWorker.start({ client, plugins: builtInPlugins, groupId, workerId: 'worker-1:8083' })
  }

  async function newFile(lines: string): Promise<{ file: string; topic: string; group: string }> {
    const n = ++cases
    const file = join(folder, `lines-${n}.txt`)
    await writeFile(file, lines)
    return { file, topic: `lines-${n}`, group: `group-${n}` }
  }

  const config = (file: string, topic: string, more: Record<string, string> = {}) => ({
    'connector.class': 'FileStreamSource',
    file,
    topic,
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    ...more,
  })

  const values = async (topic: string) => (await readTopic(client, topic).catch(() => [])).map(({ value }) => value)
  const linesIn = (topic: string, count: number) =>
    eventually(`${count} lines in ${topic}`, async () => {
      const read = await values(topic)
      return read.length >= count ? read : undefined
    })

  test('runs what its topics say after a restart, from where it stood, in the records that Java writes', async () => {
    const { file, topic, group } = await newFile('one\ntwo\nunfinished')
    {
      await using worker = await start(group)
      const info = await worker.create('lines', config(file, topic))
      assert.deepEqual([info.name, info.type, info.config.file, info.config.name], ['lines', 'source', file, 'lines'])
      assert.deepEqual(await linesIn(topic, 2), ['one', 'two'])
      await eventually('a status', async () => {
        const statuses = await readTopic(client, `${group}-status`)
        return statuses.some(({ value }) => value?.includes('RUNNING')) ? true : undefined
      })
    }
    await appendFile(file, ' no more\nthree\n')
    await using worker = await start(group)
    assert.deepEqual(worker.names(), ['lines'])
    assert.deepEqual(await linesIn(topic, 4), ['one', 'two', 'unfinished no more', 'three'])
    const configs = await readTopic(client, `${group}-configs`)
    assert.deepEqual(
      configs.map(({ key }) => key),
      ['connector-lines', 'task-lines-0', 'commit-lines', 'tasks-fencing-lines'],
    )
    assert.deepEqual(JSON.parse(configs[0]?.value ?? ''), { properties: { ...config(file, topic), name: 'lines' } })
    assert.deepEqual(JSON.parse(configs[2]?.value ?? ''), { tasks: 1 })
    const offsets = (await readTopic(client, `${group}-offsets`)).at(-1)
    assert.equal(offsets?.key, JSON.stringify(['lines', { filename: file }]))
    await eventually('the active topic', () => (worker.topics('lines')[0] === topic ? true : undefined))
    const status = (await readTopic(client, `${group}-status`)).find(({ key }) => key === 'status-task-lines-0')
    assert.deepEqual(Object.keys(JSON.parse(status?.value ?? '')), ['state', 'trace', 'worker_id', 'generation'])
  })

  test('of several that create one at the same time one does; deleted, nothing of it goes on', async () => {
    const { file, topic, group } = await newFile('one\n')
    await using worker = await start(group)
    const numbers = [0, 1, 2, 3]
    const made = await Promise.allSettled(numbers.map((n) => worker.create('lines', config(file, `${topic}-${n}`))))
    const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    assert.deepEqual(refused, Array(3).fill('CONNECT_CONNECTOR_EXISTS'))
    await linesIn(`${topic}-0`, 1)
    await worker.delete('lines')
    await appendFile(file, 'two\n')
    await worker.create('other', config(file, `${topic}-other`))
    await linesIn(`${topic}-other`, 2)
    assert.deepEqual(await Promise.all(numbers.map((n) => values(`${topic}-${n}`))), [['one'], [], [], []])
  })

  test('what is deleted while its config is changed is gone for the next worker too', async () => {
    const { file, topic, group } = await newFile('one\n')
    {
      await using worker = await start(group)
      await worker.create('lines', config(file, topic))
      const answers = await Promise.allSettled([
        worker.delete('lines'),
        worker.put('lines', config(file, `${topic}-again`)),
        worker.setTarget('lines', 'PAUSED'),
        worker.delete('lines'),
        worker.delete('lines'),
      ])
      assert.deepEqual(
        answers.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'rejected'],
      )
      const created = worker.create('late', config(file, `${topic}-late`))
      const closed = worker.close()
      await Promise.allSettled([created, closed])
      assert.deepEqual(await values(`${topic}-late`), [])
      await assert.rejects(worker.create('later', config(file, topic)), { code: 'CONNECT_WORKER_CLOSED' })
    }
    await using next = await start(group)
    assert.deepEqual(
      next.names().filter((name) => name !== 'late'),
      [],
    )
  })

  test('offsets that are reset twice at once are reset twice; another worker that comes in between is told', async () => {
    const { file, topic, group } = await newFile('one\n')
    await using worker = await start(group)
    await worker.create('lines', config(file, topic))
    await linesIn(topic, 1)
    await worker.setTarget('lines', 'STOPPED')
    await Promise.all([worker.resetOffsets('lines'), worker.resetOffsets('lines')])
    assert.deepEqual(await worker.offsets('lines'), [])
    await using other = await start(group)
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, (_, n) => (n % 2 === 0 ? worker : other).resetOffsets('lines')),
    )
    const codes = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    assert.ok(
      codes.every((code) => code === 'CONNECT_OFFSETS_CONTENDED'),
      codes.join(),
    )
  })

  test('what can only fail is found when it is validated, and refused when it is created', async () => {
    const { group } = await newFile('')
    await using worker = await start(group)
    const sink = (more: Record<string, string>) => ({
      name: 'sink',
      'connector.class': 'io.debezium.connector.jdbc.JdbcSinkConnector',
      topics: 'orders',
      'connection.url': 'jdbc:sqlite:orders.db',
      ...more,
    })
    const errorsOf = async (more: Record<string, string>) => {
      const { configs, error_count } = await worker.validate(sink(more)['connector.class'], sink(more))
      const wrong = configs.filter(({ value }) => value.errors.length > 0)
      assert.equal(wrong.length, error_count)
      return wrong.map(({ value }) => value.name)
    }
    assert.deepEqual(await errorsOf({}), [])
    const wrong = {
      'insert.mode': { 'insert.mode': 'upsert', 'primary.key.mode': 'none' },
      'connection.url': { 'connection.url': 'jdbc:oracle:thin:@h:1521:x' },
      'delete.enabled': { 'delete.enabled': 'true' },
    }
    for (const [name, more] of Object.entries(wrong)) {
      assert.deepEqual(await errorsOf(more as unknown as Record<string, string>), [name])
      const created = worker.create('sink', sink(more as unknown as Record<string, string>))
      await assert.rejects(created, { code: 'CONNECT_CONFIG_INVALID', message: new RegExp(name) })
    }
    assert.deepEqual(worker.names(), [])
  })

  test('stops, pauses and resumes; what is wanted outlives the worker', async () => {
    const { file, topic, group } = await newFile('one\n')
    {
      await using worker = await start(group)
      await worker.create('lines', config(file, topic))
      await linesIn(topic, 1)
      await worker.setTarget('lines', 'PAUSED')
      assert.deepEqual(worker.status('lines'), {
        name: 'lines',
        type: 'source',
        connector: { state: 'PAUSED', worker_id: 'worker-1:8083' },
        tasks: [{ id: 0, state: 'PAUSED', worker_id: 'worker-1:8083' }],
      })
      await worker.setTarget('lines', 'STOPPED')
    }
    await appendFile(file, 'two\n')
    await using worker = await start(group)
    assert.equal(worker.status('lines').connector.state, 'STOPPED')
    assert.deepEqual(worker.status('lines').tasks, [])
    const stored = (await readTopic(client, `${group}-configs`)).findLast(({ key }) => key === 'target-state-lines')
    assert.deepEqual(JSON.parse(stored?.value ?? ''), { state: 'PAUSED', 'state.v2': 'STOPPED' })
    assert.deepEqual(await values(topic), ['one'])
    await worker.setTarget('lines', 'STARTED')
    assert.deepEqual(await linesIn(topic, 2), ['one', 'two'])
  })

  test('offsets are shown, and altered while it is stopped', async () => {
    const { file, topic, group } = await newFile('one\ntwo\n')
    await using worker = await start(group)
    await worker.create('lines', config(file, topic))
    await linesIn(topic, 2)
    const partition = { filename: file }
    assert.deepEqual(await worker.offsets('lines'), [{ partition, offset: { version: 1, position: 8 } }])
    await assert.rejects(worker.resetOffsets('lines'), { code: 'CONNECT_NOT_STOPPED' })
    await worker.setTarget('lines', 'STOPPED')
    const other = [{ partition: { filename: 'other' }, offset: { position: 0 } }]
    await assert.rejects(worker.alterOffsets('lines', other), { code: 'CONNECT_OFFSETS_REFUSED' })
    await worker.alterOffsets('lines', [{ partition, offset: { position: 4 } }])
    await worker.setTarget('lines', 'STARTED')
    assert.deepEqual(await linesIn(topic, 3), ['one', 'two', 'two'])
    await worker.setTarget('lines', 'STOPPED')
    await worker.resetOffsets('lines')
    assert.deepEqual(await worker.offsets('lines'), [])
  })

  test('refuses what cannot be: unknown classes, names and values, in one message', async () => {
    const { file, topic, group } = await newFile('')
    await using worker = await start(group)
    const refused = (more: Record<string, string>) => worker.create('lines', config(file, topic, more))
    await assert.rejects(refused({ 'connector.class': 'FileStreamSorce' }), {
      code: 'CONNECT_CONFIG_INVALID',
      message: /no connector FileStreamSorce \(did you mean FileStreamSource\?\)/,
    })
    await assert.rejects(
      refused({ 'batch.size': 'many', 'tasks.mx': '2', transforms: 'a', 'transforms.a.type': 'Nope' }),
      {
        message: /contains the following 3 error\(s\)/,
      },
    )
    await assert.rejects(refused({ 'tasks.mx': '2' }), { message: /tasks\.mx \(did you mean tasks\.max\?\)/ })
    assert.deepEqual(worker.names(), [])
    await worker.create('lines', config(file, topic))
    await assert.rejects(worker.create('lines', config(file, topic)), { code: 'CONNECT_CONNECTOR_EXISTS' })
    assert.throws(() => worker.status('nobody'), { code: 'CONNECT_CONNECTOR_UNKNOWN' })
  })

  test('a change of config restarts it with that; a deleted one is gone for the next worker as well', async () => {
    const { file, topic, group } = await newFile('one\n')
    const moved = `${topic}-moved`
    {
      await using worker = await start(group)
      await worker.create('lines', config(file, topic, { 'errors.log.enable': 'true' }))
      await linesIn(topic, 1)
      const patched = await worker.patch('lines', { topic: moved, 'errors.log.enable': null })
      assert.deepEqual(patched.config, { ...config(file, moved), name: 'lines' })
      await appendFile(file, 'two\n')
      assert.deepEqual(await linesIn(moved, 1), ['two'])
      await worker.delete('lines')
      assert.throws(() => worker.info('lines'), { code: 'CONNECT_CONNECTOR_UNKNOWN' })
    }
    await using worker = await start(group)
    assert.deepEqual(worker.names(), [])
  })

  test('topics with garbage are read over; those with settings that would lose configs are refused', async () => {
    const { group } = await newFile('')
    await client.admin.createTopics([
      { name: `${group}-configs`, config: { 'cleanup.policy': 'compact' }, partitions: 1 },
    ])
    await using producer = client.producer({})
    const garbage = [
      ['connector-a', 'no JSON'],
      ['connector-b', '[]'],
      ['connector-c', '{"properties": 5}'],
      ['target-state-a', '{"state": "FLYING"}'],
      ['session-key', '{"key": "x"}'],
      ['', '{}'],
      ['connector-gone', '{"properties": {"name": "gone", "connector.class": "com.example.NotHere"}}'],
    ] as const
    for (const [key, value] of garbage) {
      await producer.send({ topic: `${group}-configs`, key: Buffer.from(key), value: Buffer.from(value) })
    }
    {
      await using worker = await start(group)
      assert.deepEqual(worker.names(), ['gone'])
      await eventually(
        'why it does not run',
        () => /no connector com\.example\.NotHere/.test(worker.status('gone').connector.trace ?? '') || undefined,
      )
    }
    const other = `${group}-other`
    await client.admin.createTopics([
      { name: `${other}-configs`, partitions: 3, config: { 'cleanup.policy': 'compact' } },
    ])
    await assert.rejects(start(other), { code: 'CONNECT_TOPIC_UNFIT', message: /has 3 partitions/ })
    const lossy = `${group}-lossy`
    await client.admin.createTopics([
      { name: `${lossy}-configs`, partitions: 1, config: { 'cleanup.policy': 'delete' } },
    ])
    await assert.rejects(start(lossy), { code: 'CONNECT_TOPIC_UNFIT', message: /cleanup\.policy=delete/ })
  })

  test('a connector that fails says why, and a restart mends it', async () => {
    const { file, topic, group } = await newFile('fine\n')
    await appendFile(file, Buffer.from([0xff, 0x0a]))
    await using worker = await start(group)
    await worker.create('lines', config(file, topic))
    const failed = await eventually('the failure', () => {
      const [task] = worker.status('lines').tasks
      return task?.state === 'FAILED' ? task : undefined
    })
    assert.match(failed.trace ?? '', /CONNECT_RECORD_REFUSED: the line of .* is not UTF-8/)
    await writeFile(file, 'fine\nmended\n')
    await worker.restart('lines', { onlyFailed: true })
    assert.deepEqual(await linesIn(topic, 2), ['fine', 'mended'])
  })
  test('a position that PostgreSQL cannot have is refused before it is stored', async () => {
    const { group, topic } = await newFile('')
    await using worker = await start(group)
    const database = {
      'database.hostname': '127.0.0.1',
      'database.port': '1',
      'database.user': 'u',
      'database.dbname': 'd',
    }
    const properties = {
      'connector.class': 'PostgresConnector',
      'database.password': 'p',
      'topic.prefix': topic,
      ...database,
    }
    await worker.create('pg', properties, 'STOPPED')
    const partition = { source: 'pg' }
    for (const offset of [{ lsn: 1 }, { version: 1, lsn: 'x', index: 0, systemId: '7' }]) {
      await assert.rejects(worker.alterOffsets('pg', [{ partition, offset }]), { code: 'CONNECT_OFFSETS_REFUSED' })
    }
    const offset = { version: 1, lsn: '0/16B3748', index: 0, systemId: '7' }
    await worker.alterOffsets('pg', [{ partition, offset }])
    assert.deepEqual(await worker.offsets('pg'), [{ partition, offset }])
  })

  test('a file that was cut stops its source, which would leave out what comes next; a position that is none is refused', async () => {
    const { file, topic, group } = await newFile('one\ntwo\n')
    await using worker = await start(group)
    await worker.create('lines', config(file, topic))
    assert.deepEqual(await linesIn(topic, 2), ['one', 'two'])
    const failed = (code: string) =>
      eventually(code, () => worker.status('lines').tasks.find(({ trace }) => trace?.startsWith(code)))
    await writeFile(file, 'new\n')
    await failed('CONNECT_FILE_CUT')
    await worker.setTarget('lines', 'STOPPED')
    const [{ partition }] = (await worker.offsets('lines')) as [ConnectorOffset]
    for (const offset of [{ position: -1 }, { position: 'x' }, {}]) {
      await assert.rejects(worker.alterOffsets('lines', [{ partition, offset }]), { code: 'CONNECT_OFFSETS_REFUSED' })
    }
    await worker.resetOffsets('lines')
    await worker.setTarget('lines', 'STARTED')
    assert.deepEqual(await linesIn(topic, 3), ['one', 'two', 'new'])
  })
})
