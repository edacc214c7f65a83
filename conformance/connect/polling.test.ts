import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startBroker as startMemoryBroker } from '@millrace/broker'
import { pollingOutbox, runSource } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import * as mysql2 from '@millrace/outbox/mysql2'
import { createPool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import pg from 'pg'
import { events } from '../../packages/connect/test/support/contracts.ts'
import { crashLoop } from '../../packages/connect/test/support/crash-loop.ts'
import { type PolledService, registerPollingTests } from '../../packages/connect/test/support/polling-suite.ts'
import { registerSourceCrashTest } from '../../packages/connect/test/support/source-crash-suite.ts'
import { sqliteService } from '../../packages/connect/test/support/sqlite-service.ts'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { mariaDbUnavailable, startMariaDb, type TestMariaDb } from '../support/mariadb.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const counters = 'create table counter (id varchar(20) primary key, n int not null)'

let postgres: Promise<TestPostgres> | undefined
let mariadb: Promise<TestMariaDb> | undefined
let databases = 0
after(async () => {
  await (await postgres)?.close()
  await (await mariadb)?.close()
})

async function onPostgres(): Promise<PolledService> {
  postgres ??= startPostgres({ walLevel: 'replica', settings: { max_connections: 100 } })
  const url = await (await postgres).createDatabase(`polled_${++databases}`)
  const pool = new pg.Pool({ connectionString: url, max: 60 })
  await pool.query(outboxMigration({ keepRows: true }))
  await pool.query(counters)
  return {
    url,
    async begin() {
      const client = await pool.connect()
      await client.query('begin')
      return {
        outbox: outbox(client),
        async bump(key) {
          const { rows } = await client.query('update counter set n = n + 1 where id = $1 returning n - 1 as n', [key])
          return rows[0].n
        },
        commit: async () => client.release((await client.query('commit')) === undefined),
        rollback: async () => client.release((await client.query('rollback')) === undefined),
      }
    },
    rows: async () => Number((await pool.query('select count(*) as n from outbox')).rows[0].n),
    query: (sql) => pool.query(sql),
    async block() {
      const client = await pool.connect()
      await client.query('begin')
      await client.query('select from outbox for update')
      return async () => client.release((await client.query('rollback')) === undefined)
    },
    close: () => pool.end(),
  }
}

const overriding = 'overriding system value'

registerPollingTests('polling PostgreSQL', onPostgres, { isConcurrent: true, deletes: true, overriding })
registerPollingTests('polling PostgreSQL, rows kept', onPostgres, {
  isConcurrent: true,
  deletes: false,
  options: { removal: 'never' },
})

async function onMariaDb(): Promise<PolledService> {
  mariadb ??= startMariaDb({ 'max-connections': 100 })
  const url = await (await mariadb).createDatabase(`polled_${++databases}`)
  const pool = createPool({ uri: url, connectionLimit: 60 })
  await pool.query(outboxMigration({ dialect: 'mysql' }))
  await pool.query(counters)
  return {
    url,
    async begin() {
      const connection = await pool.getConnection()
      await connection.beginTransaction()
      return {
        outbox: mysql2.outbox(connection),
        async bump(key) {
          await connection.execute<ResultSetHeader>('update counter set n = n + 1 where id = ?', [key])
          const [rows] = await connection.execute<RowDataPacket[]>('select n - 1 as n from counter where id = ?', [key])
          return Number(rows[0]!.n)
        },
        commit: () => connection.commit().finally(() => connection.release()),
        rollback: () => connection.rollback().finally(() => connection.release()),
      }
    },
    rows: async () => Number((await pool.query<RowDataPacket[]>('select count(*) as n from outbox'))[0][0]!.n),
    query: (sql) => pool.query(sql),
    async block() {
      const connection = await pool.getConnection()
      await connection.beginTransaction()
      await connection.query('select * from outbox for update')
      return () => connection.rollback().finally(() => connection.release())
    },
    close: () => pool.end(),
  }
}

registerPollingTests('polling MariaDB', onMariaDb, { skip: mariaDbUnavailable(), isConcurrent: true, deletes: true })

test('rows that are kept for a time go after it, however many they are', async () => {
  await using broker = await startMemoryBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const service = await onPostgres()
  const contract = topic('aged', { key: serdes.string, value: serdes.string, partitions: 1 })
  // More than one statement removes.
  const count = 35_000
  await service.query(`insert into outbox (id, aggregatetype, aggregateid, type, payload)
    select gen_random_uuid(), 'aged', n::text, 'aged', 'v' from generate_series(1, ${count}) n`)
  const removal = { afterMs: 1_000 }
  const source = pollingOutbox({
    url: service.url,
    topics: [contract],
    removal,
    limits: { pollIntervalMs: 10, maxRows: 5_000 },
  })
  await using _running = runSource(source, { client })
  await eventually('the first rows to go', async () => ((await service.rows()) < count ? true : undefined))
  const startedMs = Date.now()
  await eventually('an empty table', async () => ((await service.rows()) === 0 ? true : undefined))
  assert.ok(Date.now() - startedMs < 9_000, 'it took more than one interval')
  assert.equal((await readTopic(client, contract.name)).length, count)
  await service.close()
})

test('an outbox whose rows a slot captures is not polled; slots of other tables and tools are no matter', async () => {
  await using server = await startPostgres({ walLevel: 'logical' })
  const problemsBeside = async (statements: readonly string[], migration = outboxMigration()): Promise<unknown[]> => {
    const url = await server.createDatabase(`kept_${++databases}`)
    const client = new pg.Client(url)
    await client.connect()
    for (const sql of [migration, 'create table other (id int primary key)', ...statements]) await client.query(sql)
    await client.end()
    const source = pollingOutbox({ url, topics: [events] })
    return (await source.check!()).map(({ code }) => code)
  }
  const slot = (name: string): string => `select pg_create_logical_replication_slot('${name}', 'pgoutput')`
  const refused = ['CONNECT_OUTBOX_NOT_KEPT']
  const publication = `for table outbox with (publish = 'insert')`
  assert.deepEqual(await problemsBeside([]), [])
  assert.deepEqual(await problemsBeside([slot('millrace_a'), `create publication millrace_a ${publication}`]), refused)
  assert.deepEqual(await problemsBeside([slot('millrace_b'), 'create publication millrace_b for table other']), [])
  assert.deepEqual(await problemsBeside([slot('stranger'), `create publication stranger ${publication}`]), [])
  const own = [slot('own_slot'), `create publication p ${publication}`]
  assert.deepEqual(await problemsBeside(own, outboxMigration({ slot: 'own_slot' })), refused)
  // The trigger of the first layout takes any slot of Millrace for its own.
  const first = outboxMigration().replace(
    /if exists \(.*?\) then/s,
    "if exists (select from pg_replication_slots where slot_name like 'millrace\\_%') then",
  )
  assert.deepEqual(await problemsBeside([slot('millrace_c')], first), refused)
  assert.deepEqual(
    await problemsBeside(
      [slot('millrace_d'), `create publication millrace_d ${publication}`],
      outboxMigration({ keepRows: true }),
    ),
    [],
  )
})

for (const kind of ['polling', 'polling-kept'] as const) {
  const startBroker = (): ReturnType<typeof startMemoryBroker> => startMemoryBroker({ memory: true })
  registerSourceCrashTest(`${kind} of PostgreSQL`, { kind, startBroker, kills: 4 })
}

/** Writers that go on while the source is killed; what they committed is in the topic once, and in order. */
async function checkKills(open: () => Promise<PolledService>, writers: number): Promise<void> {
  await using broker = await startMemoryBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const service = await open()
  const keys = Array.from({ length: 5 }, (_, i) => `key-${i}`)
  for (const key of keys) await service.query(`insert into counter (id, n) values ('${key}', 0)`)
  const written: string[] = []
  let isStopped = false
  const write = async (): Promise<void> => {
    for (let i = 0; !isStopped; i++) {
      const key = keys[Math.floor(Math.random() * keys.length)]!
      const tx = await service.begin()
      const seq = await tx.bump(key)
      const { id } = await tx.outbox.append(events, key, { key, seq })
      if (i % 10 === 9) await tx.rollback()
      else await tx.commit().then(() => written.push(id))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
    }
  }
  const writing = Promise.all(Array.from({ length: writers }, write))
  const isDone = async (): Promise<boolean> => {
    isStopped = true
    await writing
    return (await service.rows()) === 0
  }
  const job = { kind: 'polling', brokers: broker.brokers, url: service.url } as const
  await crashLoop(job, { kills: 4, random: Math.random, isDone })
  const records = await readTopic(client, events.name)
  assert.ok(written.length > 100, `${written.length} events`)
  assert.deepEqual(records.map(({ headers }) => headers.id).sort(), written.sort())
  const next = new Map<string, number>()
  for (const { key, value } of records) {
    const { seq } = JSON.parse(value!) as { seq: number }
    assert.equal(seq, next.get(key!) ?? 0, `order of ${key}`)
    next.set(key!, seq + 1)
  }
  await service.close()
}

const killed = 'killed at random moments, each committed row is in the topic once and in order'
test(`polling of MariaDB, ${killed}`, { skip: mariaDbUnavailable() }, () => checkKills(onMariaDb, 4))
test(`polling of SQLite, ${killed}`, () => checkKills(sqliteService, 1))
