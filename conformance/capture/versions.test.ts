import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { postgresOutbox, postgresTables, type RunningConnector, runSource, SignalSender } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres } from '../support/postgres.ts'
import { postgresVersion, postgresVersions } from '../support/postgres-versions.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>() })
const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

describe('capture from PostgreSQL', () => {
  let broker: Broker
  let client: KafkaClient

  before(async () => {
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
  })

  after(async () => {
    await client?.close()
    await broker?.close()
  })

  async function records(name: string, count: number): Promise<[string | null, string | null][]> {
    return eventually(`${count} records in ${name}`, async () => {
      const found = await readTopic(client, name).catch(() => [])
      return found.length >= count ? found.map(({ key, value }) => [key, value]) : undefined
    })
  }

  // The version that the tests bring along is what packages/connect/test captures from.
  for (const major of Object.keys(postgresVersions).map(Number) as (keyof typeof postgresVersions)[]) {
    test(`PostgreSQL ${major}: tables with every kind of change, in parts and on a signal, and an outbox`, async (t) => {
      const programs = await postgresVersion(major)
      if (typeof programs === 'string') return t.skip(programs)
      await using postgres = await startPostgres({ programs })
      const url = await postgres.createDatabase(`v${major}`)
      const db = new pg.Client({ connectionString: url })
      db.on('error', () => {})
      await db.connect()
      await using _db = { [Symbol.asyncDispose]: () => db.end() }
      const { rows } = await db.query('show server_version')
      assert.match(rows[0].server_version, new RegExp(`^${major}\\.`))
      await db.query(`create table account (id int primary key, name text, note text);
        alter table account replica identity full;
        create table entry (day date, id int, primary key (day, id)) partition by range (day);
        create table entry_1 partition of entry for values from ('2020-01-01') to ('2030-01-01');
        insert into account select g, 'n' || g, repeat('z', 4000) from generate_series(1, 250) g;
        insert into entry values ('2026-01-02', 1)`)
      await db.query(outboxMigration())
      const signals = new SignalSender()
      const start = (): RunningConnector =>
        runSource(
          postgresTables({
            url,
            tables: [
              { table: 'account', topic: `account-${major}` },
              { table: 'entry', topic: `entry-${major}` },
            ],
            truncate: 'skip',
            signals: { inProcess: signals },
            limits: { ...limits, snapshotTransactionMaxBytes: 0, chunkMaxRows: 100 },
          }),
          { client },
        )
      const first = start()
      await first.ready
      await records(`account-${major}`, 250)
      await records(`entry-${major}`, 1)
      await first.close()
      await db.query(`update account set name = 'changed' where id = 7; update account set id = 900 where id = 8;
        delete from account where id = 9; insert into entry values ('2026-01-03', 2)`)
      await using running = start()
      await running.ready
      const changes = (await records(`account-${major}`, 254)).slice(250)
      assert.deepEqual(
        changes.map(([key, value]) => [key, value && JSON.parse(value).name, value && JSON.parse(value).note.length]),
        [
          ['7', 'changed', 4000],
          ['8', null, null],
          ['900', 'n8', 4000],
          ['9', null, null],
        ],
      )
      assert.deepEqual((await records(`entry-${major}`, 2))[1], [
        '{"day":"2026-01-03","id":2}',
        '{"day":"2026-01-03","id":2}',
      ])
      signals.send({ id: 's', type: 'execute-snapshot', data: { 'data-collections': ['public.account'] } })
      await records(`account-${major}`, 254 + 249)
      await db.query('truncate account; insert into account values (1, null, null)')
      const last = (await records(`account-${major}`, 254 + 249 + 1)).at(-1)
      assert.deepEqual(last, ['1', '{"id":1,"name":null,"note":null}'])

      await using events = runSource(postgresOutbox({ url, topics: [order], limits }), { client })
      await events.ready
      await db.query('begin')
      await outbox(db).append(order, `v${major}`, { amount: major })
      await db.query('commit')
      await eventually('the event', async () =>
        (await readTopic(client, 'order')).some(({ key }) => key === `v${major}`) ? true : undefined,
      )
      const slots = await db.query(`select to_jsonb(s) ->> 'failover' as failover from pg_replication_slots s`)
      assert.deepEqual(
        slots.rows.map(({ failover }) => failover),
        major >= 17 ? ['true', 'true'] : [null, null],
      )
    })
  }
})
