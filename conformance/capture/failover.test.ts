import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startBroker } from '@millrace/broker'
import { postgresTables, runSource } from '@millrace/connect'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startRelay } from '../support/network.ts'
import { type PostgresPrograms, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { postgresVersion } from '../support/postgres-versions.ts'

const standbySlot = 'standby_1'
async function connected(url: string): Promise<pg.Client> {
  const db = new pg.Client({ connectionString: url })
  db.on('error', () => {})
  await db.connect()
  return db
}

/** A standby that keeps the slots of `primary` in step. */
function startStandby(primary: TestPostgres, programs: PostgresPrograms | undefined): Promise<TestPostgres> {
  return startPostgres({
    ...(programs && { programs }),
    standbyOf: primary,
    settings: {
      hot_standby_feedback: 'on',
      primary_conninfo: `host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres`,
      primary_slot_name: standbySlot,
      sync_replication_slots: 'on',
      wal_retrieve_retry_interval: '100ms',
    },
  })
}

async function failover(version: 17 | undefined): Promise<void> {
  const programs = version === undefined ? undefined : await postgresVersion(version)
  if (typeof programs === 'string') throw new Error(programs)
  // Readers of slots that survive see only what the standby has; where it has become the primary, nobody stands behind it.
  const settings = { synchronized_standby_slots: standbySlot }
  await using primary = await startPostgres({ settings, ...(programs && { programs }) })
  const url = await primary.createDatabase('shop')
  const before = await connected(url)
  await before.query('create table entry (id int primary key)')
  await before.query('select pg_create_physical_replication_slot($1, true)', [standbySlot])
  await before.end()
  await using standby = await startStandby(primary, programs)
  await using relay = await startRelay(primary.port)
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const address = new URL(url)
  address.port = String(relay.port)
  const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }
  const source = postgresTables({
    name: 'shop',
    url: address.href,
    tables: [{ table: 'entry', topic: 'entry' }],
    limits,
  })
  await using running = runSource(source, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 500 } })
  await running.ready

  let next = 1
  let isStopped = false
  const write = async (to: pg.Client): Promise<void> => {
    while (!isStopped) {
      await to.query('insert into entry values ($1)', [next++])
      await delay(2)
    }
  }
  const writing = write(await connected(url)).catch(() => {})
  const primaryDb = await connected(url)
  const asked = await connected(standby.url('shop'))
  await eventually('the slot on the standby', async () => {
    // A slot moves on with these, which otherwise come every 15 seconds.
    await primaryDb.query('select pg_log_standby_snapshot()')
    const text = `select 1 from pg_replication_slots where slot_name = 'millrace_shop' and synced and not temporary`
    return (await asked.query(text)).rowCount ? true : undefined
  })
  await delay(500)
  await primary.kill()
  await writing
  await asked.query('select pg_promote()')
  relay.redirect(standby.port)
  const inserted = next
  const again = write(asked)
  await eventually('writes after the failover', () => (next > inserted + 200 ? true : undefined))
  isStopped = true
  await again
  const { rows } = await asked.query<{ id: number }>('select id from entry order by id')
  const expected = rows.map(({ id }) => String(id))
  const keys = await eventually('all rows of the new primary', async () => {
    const found = (await readTopic(client, 'entry')).map(({ key }) => key)
    return found.length >= expected.length ? found : undefined
  })
  await asked.end()
  assert.ok(inserted > 50)
  assert.deepEqual(keys, expected)
}

test('a standby that is promoted goes on with the slot: every row once, in order', { timeout: 180_000 }, async () =>
  failover(undefined),
)

test('the same with PostgreSQL 17, where such slots began', { timeout: 180_000 }, async (t) => {
  const programs = await postgresVersion(17)
  if (typeof programs === 'string') return t.skip(programs)
  await failover(17)
})
