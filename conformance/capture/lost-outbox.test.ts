import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { type Notification, postgresOutbox, type RunningConnector, runSource } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ number: number }>() })
const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

/** One service with its outbox, and the source that captures it. */
class Service implements AsyncDisposable {
  readonly db: pg.Client
  readonly told: Notification[] = []
  readonly #parts: AsyncDisposable[]
  readonly #client: KafkaClient
  readonly #url: string

  private constructor(url: string, client: KafkaClient, db: pg.Client, parts: AsyncDisposable[]) {
    this.#url = url
    this.#client = client
    this.db = db
    this.#parts = parts
  }

  static async start(postgres: TestPostgres, name: string): Promise<Service> {
    const broker: Broker = await startBroker({ memory: true })
    const client = kafkaClient({ brokers: broker.brokers })
    const url = await postgres.createDatabase(name)
    const db = new pg.Client({ connectionString: url })
    db.on('error', () => {})
    await db.connect()
    await db.query(outboxMigration())
    return new Service(url, client, db, [client, broker])
  }

  capture(snapshot: 'initial' | 'when-needed' = 'when-needed'): RunningConnector {
    const notifications = { on: (notification: Notification) => this.told.push(notification) }
    const source = postgresOutbox({ url: this.#url, topics: [order], snapshot, limits, notifications })
    return runSource(source, { client: this.#client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })
  }

  async append(...numbers: number[]): Promise<void> {
    await this.db.query('begin')
    for (const number of numbers) await outbox(this.db).append(order, 'k', { number })
    await this.db.query('commit')
  }

  /** Numbers and ids in the topic, once as many are there. */
  published(count: number): Promise<{ numbers: number[]; ids: Set<string> }> {
    return eventually(`${count} events`, async () => {
      const records = await readTopic(this.#client, 'order').catch(() => [])
      if (records.length < count) return undefined
      const numbers = records.map(({ value }) => (JSON.parse(value ?? '') as { number: number }).number)
      return { numbers, ids: new Set(records.map(({ headers }) => headers.id ?? '')) }
    })
  }

  async slotStatus(): Promise<string | undefined> {
    const { rows } = await this.db.query(
      'select wal_status from pg_replication_slots where database = current_database()',
    )
    return rows[0]?.wal_status
  }

  async dropSlot(): Promise<void> {
    const text = `select pg_drop_replication_slot(slot_name) from pg_replication_slots
                   where database = current_database() and not active`
    await eventually('the slot dropped', async () => ((await this.db.query(text)).rowCount ? true : undefined))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.db.end().catch(() => {})
    for (const part of this.#parts) await part[Symbol.asyncDispose]()
  }
}

const lost = ({ aggregate_type }: Notification): boolean => aggregate_type === 'Resynchronisation'

test('an outbox whose slot was dropped publishes the rows that are left under their ids, and counts those that are gone', async () => {
  await using postgres = await startPostgres()
  await using service = await Service.start(postgres, 'dropped')
  const first = service.capture()
  await first.ready
  await service.append(1, 2, 3)
  await service.published(3)
  await first.close()
  await service.append(4, 5)
  await service.dropSlot()
  await service.append(6, 7)
  const refused = service.capture('initial')
  await assert.rejects(refused.ready, { code: 'POSTGRES_SLOT_MISSING' })
  await refused.close()
  {
    await using again = service.capture()
    await again.ready
    await service.published(5)
    await service.append(8)
    const { numbers, ids } = await service.published(6)
    assert.deepEqual(numbers, [1, 2, 3, 6, 7, 8])
    assert.equal(ids.size, 6)
  }
  const [told, ...more] = service.told.filter(lost)
  assert.equal(told?.type, 'EVENTS_LOST')
  const { from_lsn: from, to_lsn: to, ...counted } = told.additional_data
  assert.match(`${from} ${to}`, /^\w+\/\w+ \w+\/\w+$/)
  assert.deepEqual(counted, {
    connector_name: 'dropped-outbox',
    after_position: '3',
    to_position: '7',
    in_table: '2',
    gone: '2',
  })
  assert.deepEqual(more, [])
})

test('where the slot lost its log, events that are written from then on stay in the outbox and nothing more is lost', async () => {
  await using postgres = await startPostgres({
    settings: { max_slot_wal_keep_size: '16MB', max_wal_size: '32MB', min_wal_size: '32MB' },
  })
  await using service = await Service.start(postgres, 'removed')
  const first = service.capture()
  await first.ready
  await service.append(1, 2)
  await service.published(2)
  await first.close()
  await service.append(3)
  await service.db.query('create table filler (text text)')
  await eventually('the log is gone', async () => {
    await service.db.query("insert into filler select repeat('x', 1000) from generate_series(1, 20000) g")
    await service.db.query('select pg_switch_wal(); checkpoint')
    return (await service.slotStatus()) === 'lost' ? true : undefined
  })
  await service.append(4, 5)
  await service.db.query('begin')
  const toLog = outbox(service.db, { via: 'log' }).append(order, 'k', { number: 6 })
  await assert.rejects(toLog, { code: 'OUTBOX_NOT_CAPTURED' })
  await service.db.query('rollback')
  {
    await using again = service.capture()
    await again.ready
    assert.deepEqual((await service.published(4)).numbers, [1, 2, 4, 5])
    await service.append(7)
    assert.deepEqual((await service.published(5)).numbers, [1, 2, 4, 5, 7])
  }
  const told = service.told.filter(lost)
  assert.deepEqual(
    told.map(({ type, additional_data: { gone, in_table } }) => [type, gone, in_table]),
    [['EVENTS_LOST', '1', '2']],
  )
})

test('a slot that was lost while nothing was written loses nothing, and says so', async () => {
  await using postgres = await startPostgres()
  await using service = await Service.start(postgres, 'idle')
  const first = service.capture()
  await first.ready
  await service.append(1)
  await service.published(1)
  await first.close()
  await service.dropSlot()
  await using again = service.capture()
  await again.ready
  await service.append(2)
  assert.deepEqual((await service.published(2)).numbers, [1, 2])
  assert.deepEqual(
    service.told.filter(lost).map(({ type, additional_data: { gone } }) => [type, gone]),
    [['COMPLETED', '0']],
  )
})
