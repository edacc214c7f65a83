// A server whose messages are not English: what they say decides nothing.
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { postgresTables, type RunningConnector, runSource } from '@millrace/connect'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { type PostgresPrograms, startPostgres } from '../support/postgres.ts'

/** The server of the system, which has translations; the one that the tests bring along has none. */
function translated(): PostgresPrograms | undefined {
  const folder = '/usr/lib/postgresql'
  const catalogs = '/usr/share/locale/de/LC_MESSAGES'
  for (const major of existsSync(folder) ? readdirSync(folder) : []) {
    const [postgres, initdb] = [`${folder}/${major}/bin/postgres`, `${folder}/${major}/bin/initdb`]
    if (existsSync(postgres) && existsSync(`${catalogs}/postgres-${major}.mo`)) return { postgres, initdb }
  }
  return undefined
}

test('a publication and a slot that are lost are recognised in German', { timeout: 90_000 }, async (t) => {
  const programs = translated()
  if (!programs) return t.skip('the system has no PostgreSQL with translations')
  const before = process.env.LANGUAGE
  process.env.LANGUAGE = 'de'
  t.after(() => {
    if (before === undefined) delete process.env.LANGUAGE
    else process.env.LANGUAGE = before
  })
  await using postgres = await startPostgres({ programs, settings: { lc_messages: 'C.UTF-8' } })
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = await postgres.createDatabase('laden')
  const db = new pg.Client({ connectionString: url })
  db.on('error', () => {})
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await assert.rejects(db.query('select * from nope'), /existiert nicht/)
  await db.query('create table a (id int primary key); insert into a values (1)')
  const run = (): RunningConnector => {
    const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100, budgetCheckIntervalMs: 3_600_000 }
    const source = postgresTables({ url, tables: [{ table: 'a', topic: 'a' }], snapshot: 'when-needed', limits })
    return runSource(source, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })
  }
  const keysAre = (keys: string): Promise<true> =>
    eventually(`keys ${keys}`, async () => {
      const found = new Set((await readTopic(client, 'a').catch(() => [])).map(({ key }) => key))
      return [...found].join() === keys ? true : undefined
    })
  await using running = run()
  running.finished.catch(() => {})
  await running.ready
  await keysAre('1')
  await db.query('drop publication millrace_laden_tables; insert into a values (2)')
  await keysAre('1,2')
  await eventually('the slot dropped', async () => {
    await db.query('select pg_terminate_backend(active_pid) from pg_replication_slots where active')
    const dropped = db.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots')
    return dropped.then(({ rowCount }) => (rowCount ? true : undefined)).catch(() => undefined)
  })
  await db.query('insert into a values (3)')
  await keysAre('1,2,3')
  assert.equal(running.status().state, 'running')
})
