// An outbox that is polled, as a connector's properties describe it.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { parseProperties } from '@millrace/base/internal'
import { type Broker, startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { outboxMigration } from '@millrace/outbox'
import { outbox } from '@millrace/outbox/sqlite'
import { builtInPlugins } from '../src/plugins.ts'
import { ConnectWorker } from '../src/runtime/worker/connect-worker.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

const placed = topic('placed', { key: serdes.string, value: serdes.json<{ n: number }>() })

let broker: Broker
let client: KafkaClient
let folder: string
let db: DatabaseSync
before(async () => {
  broker = await startBroker({ memory: true })
  client = kafkaClient({ brokers: broker.brokers })
  folder = await mkdtemp(join(tmpdir(), 'polling-plugin-'))
  db = new DatabaseSync(join(folder, 'service.db'))
  db.exec('pragma journal_mode = wal; pragma busy_timeout = 5000; pragma synchronous = off')
  db.exec(outboxMigration({ dialect: 'sqlite', table: 'messages' }))
})
after(async () => {
  await client?.close()
  await broker?.close()
  db?.close()
  await rm(folder, { recursive: true, force: true })
})

const properties = (more = ''): Record<string, string> =>
  parseProperties(`
connector.class=dev.millrace.connect.PollingOutboxConnector
connection.url=sqlite:${join(folder, 'service.db')}
outbox.table=messages
outbox.topics=${placed.name}
poll.interval.ms=10
${more}`)

const append = (n: number, to = placed): void => {
  db.exec('begin immediate')
  outbox(db, { table: 'messages' }).append(to, `k${n}`, { n })
  db.exec('commit')
}
const start = (groupId: string): Promise<ConnectWorker> =>
  ConnectWorker.start({ client, plugins: builtInPlugins, groupId })
const published = (count: number): Promise<string[]> =>
  eventually(`${count} events`, async () => {
    const records = await readTopic(client, placed.name).catch(() => [])
    return records.length >= count ? records.map(({ key, value }) => `${key} ${value}`) : undefined
  })
const rows = (): number => Number(db.prepare('select count(*) as n from messages').get()!.n)
const emptied = (): Promise<true> => eventually('an empty table', async () => (rows() === 0 ? true : undefined))

test('publishes the bytes of the table whatever converters the worker has, goes on after a restart, and doubles nothing', async () => {
  append(1)
  {
    await using worker = await start('polling')
    const { type } = await worker.create('orders', properties())
    assert.equal(type, 'source')
    assert.deepEqual(await published(1), ['k1 {"n":1}'])
    append(2)
    await published(2)
    await emptied()
  }
  append(3)
  await using _worker = await start('polling')
  assert.deepEqual(await published(3), ['k1 {"n":1}', 'k2 {"n":2}', 'k3 {"n":3}'])
  await emptied()
  assert.equal((await published(3)).length, 3)
})

test('a row for a topic that was not named ends the task with the row kept, or goes to the dead letters', async () => {
  const stranger = topic('stranger', { key: serdes.string, value: placed.value })
  append(4, stranger)
  await using worker = await start('strangers')
  await worker.create('strict', properties())
  const trace = await eventually('a failed task', () => worker.status('strict').tasks.find((task) => task.trace)?.trace)
  assert.match(trace, /CONNECT_TOPIC_UNKNOWN/)
  assert.equal(rows(), 1)
  await worker.delete('strict')
  await worker.create('lenient', properties('unknown.topic=dead-letter'))
  const [letter] = await eventually('a dead letter', async () => {
    const letters = await readTopic(client, 'lenient.dlq').catch(() => [])
    return letters.length > 0 ? letters : undefined
  })
  assert.deepEqual([letter!.key, letter!.value], ['k4', '{"n":4}'])
  await emptied()
})

test('what cannot be is refused by its name or told of what it does not go with, and the address is not shown', async () => {
  await using worker = await start('refusing')
  const refused = (more: string, message: RegExp): Promise<void> =>
    assert.rejects(worker.create('orders', properties(more)), { message })
  await refused('removal=sometimes', /removal/)
  await refused('poll.intervall.ms=1', /did you mean poll\.interval\.ms/)
  await refused('outbox.topics=', /outbox\.topics/)
  const routed = 'transforms=r\ntransforms.r.type=RegexRouter\ntransforms.r.regex=a\ntransforms.r.replacement=b'
  const failing = [
    ['removal=never', /on PostgreSQL alone/],
    ['connection.url=oracle://u:s3cret@h/d', /`url` must begin with/],
    [routed, /passes bytes on/],
  ] as const
  for (const [more, message] of failing) {
    const refusal = await worker.create('orders', properties(more)).catch(String)
    assert.match(String(refusal), message)
    assert.doesNotMatch(String(refusal), /s3cret/)
  }
  assert.deepEqual(worker.names(), [])
  const { configs } = await worker.validate('PollingOutbox', { ...properties(), name: 'orders' })
  const url = configs.find(({ value }) => value.name === 'connection.url')
  assert.doesNotMatch(JSON.stringify(url), /service\.db/)
})
