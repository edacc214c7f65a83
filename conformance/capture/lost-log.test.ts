import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { postgresTables, runSource, type SourceConnector } from '@millrace/connect'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres } from '../support/postgres.ts'

const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

test('log that the server removed under the slot is a refusal, and with when-needed a resynchronisation', async () => {
  await using postgres = await startPostgres({
    settings: { max_slot_wal_keep_size: '16MB', max_wal_size: '32MB', min_wal_size: '32MB' },
  })
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = await postgres.createDatabase('lossy')
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(`create table account (id int primary key, version int); create table filler (text text);
                  insert into account values (1, 0), (2, 0)`)
  const source = (snapshot: 'initial' | 'when-needed'): SourceConnector =>
    postgresTables({ url, tables: [{ table: 'account', topic: 'account' }], snapshot, limits })
  const first = runSource(source('initial'), { client })
  await first.ready
  await eventually('the rows', async () => ((await readTopic(client, 'account')).length === 2 ? true : undefined))
  await eventually(
    'the slot is read',
    async () => (await db.query('select 1 from pg_replication_slots where active')).rows[0],
  )
  await first.close()
  await db.query('delete from account where id = 1; update account set version = 1 where id = 2')
  await eventually('the log is gone', async () => {
    await db.query("insert into filler select repeat('x', 1000) from generate_series(1, 20000) g")
    await db.query('select pg_switch_wal(); checkpoint')
    const { rows } = await db.query('select wal_status from pg_replication_slots')
    return rows[0].wal_status === 'lost' ? true : undefined
  })
  const refused = runSource(source('initial'), { client })
  await assert.rejects(refused.ready, { code: 'POSTGRES_SLOT_LOST' })
  await refused.close()
  await using running = runSource(source('when-needed'), { client })
  await running.ready
  const records = await eventually('both rows settled', async () => {
    const found = await readTopic(client, 'account')
    return found.length >= 4 ? found.map(({ key, value }) => [key, value]) : undefined
  })
  assert.deepEqual(records.slice(2).sort(), [
    ['1', null],
    ['2', '{"id":2,"version":1}'],
  ])
})
