// A server that comes back with another history than the one that was published: from a standby that lagged behind, or from
// an older copy of its disk. Its log may well be longer than the stored position.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import {
  pollingOutbox,
  postgresTables,
  type RunningConnector,
  runSource,
  type SourceConnector,
} from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100, receiveTimeoutMs: 20_000 }
const entries = topic('entry', { key: serdes.string, value: serdes.json<string>() })

async function connected(url: string): Promise<pg.Client> {
  const db = new pg.Client({ connectionString: url })
  db.on('error', () => {})
  await db.connect()
  return db
}

/** What the disk held when it was copied. */
async function copyDisk(postgres: TestPostgres): Promise<string> {
  await postgres.kill()
  const copy = `${postgres.dataDir}.copy`
  execFileSync('cp', ['-a', postgres.dataDir, copy])
  await postgres.restart()
  return copy
}

/** Brings the copy back, as it is or as a standby that is promoted where its log ends. */
async function bringBack(postgres: TestPostgres, copy: string, isPromoted: boolean): Promise<void> {
  await postgres.kill()
  rmSync(postgres.dataDir, { recursive: true })
  execFileSync('mv', [copy, postgres.dataDir])
  rmSync(`${postgres.dataDir}/postmaster.pid`, { force: true })
  if (isPromoted) {
    execFileSync('cp', ['-a', `${postgres.dataDir}/PG_VERSION`, `${postgres.dataDir}/recovery.signal`])
    execFileSync('sh', ['-c', `echo "restore_command = 'false'" >> ${postgres.dataDir}/postgresql.auto.conf`])
  }
  await postgres.restart()
  const db = await connected(postgres.url())
  await eventually('the end of recovery', async () => {
    const { rows } = await db.query<{ over: boolean }>('select not pg_is_in_recovery() as over')
    return rows[0]!.over || undefined
  })
  await db.end()
}

async function scene(postgres: TestPostgres) {
  const broker = await startBroker({ memory: true })
  const client = kafkaClient({ brokers: broker.brokers })
  return {
    postgres,
    run: (source: SourceConnector): RunningConnector =>
      runSource(source, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 500 } }),
    published: async () => (await readTopic(client, 'entry')).map(({ key, value }) => ({ key, value })),
    async [Symbol.asyncDispose]() {
      await client.close()
      await broker.close()
    },
  }
}

async function capture(isPromoted: boolean, message: RegExp): Promise<void> {
  await using postgres = await startPostgres()
  await using s = await scene(postgres)
  const url = await postgres.createDatabase('shop')
  const source = (snapshot: 'initial' | 'when-needed' = 'initial'): SourceConnector =>
    postgresTables({ name: 'shop', url, tables: [{ table: 'entry', topic: 'entry' }], snapshot, limits })
  const write = async (text: string, count: number): Promise<void> => {
    const db = await connected(url)
    await db.query(`insert into entry (text) select $1 || g || repeat('z', 300) from generate_series(1, $2::int) g`, [
      text,
      count,
    ])
    await db.end()
  }
  const keysAre = (count: number): Promise<true> =>
    eventually(`${count} keys`, async () => ((await s.published()).length >= count ? true : undefined))
  const db = await connected(url)
  await db.query('create table entry (id uuid primary key default gen_random_uuid(), text text)')
  await db.end()
  {
    await using running = s.run(source())
    await running.ready
    await write('both', 10)
    await keysAre(10)
  }
  const copy = await copyDisk(postgres)
  {
    await using running = s.run(source())
    await running.ready
    await write('old', 20)
    await keysAre(30)
  }
  // Without loss it goes on, though the crash made the slot forget what was confirmed.
  await postgres.kill()
  await postgres.restart()
  {
    await using running = s.run(source())
    await running.ready
    await write('old', 1)
    await keysAre(31)
  }
  await bringBack(postgres, copy, isPromoted)
  await write('new', 400)
  for (const start of ['first', 'second']) {
    await using running = s.run(source())
    await assert.rejects(running.finished, { code: 'POSTGRES_OTHER_SERVER', message }, start)
  }
  assert.equal((await s.published()).length, 31)
  await using resynced = s.run(source('when-needed'))
  await resynced.ready
  await eventually('the rows of the database, and no others', async () => {
    const left = new Map((await s.published()).map(({ key, value }) => [key, value]))
    return [...left.values()].filter((value) => value !== null).length === 410 ? true : undefined
  })
}

test('a standby that lagged behind is not taken for the server that was read', { timeout: 120_000 }, () =>
  capture(true, /timeline/),
)

test('an older copy of the disk is not taken for the server that was read', { timeout: 120_000 }, () =>
  capture(false, /log before/),
)

async function polling(isPromoted: boolean): Promise<void> {
  await using postgres = await startPostgres()
  await using s = await scene(postgres)
  const url = await postgres.createDatabase('shop')
  const source = (): SourceConnector =>
    pollingOutbox({ name: 'shop', url, topics: [entries], removal: 'never', limits: { pollIntervalMs: 20 } })
  const write = async (text: string, count: number): Promise<void> => {
    const db = await connected(url)
    for (let i = 0; i < count; i++) {
      await db.query('begin')
      await outbox(db).append(entries, 'k', `${text} ${i}`)
      await db.query('commit')
    }
    await db.end()
  }
  const publishes = async (count: number): Promise<void> => {
    await using running = s.run(source())
    await running.ready
    await eventually(`${count} events`, async () => ((await s.published()).length === count ? true : undefined))
  }
  const db = await connected(url)
  await db.query(outboxMigration({ keepRows: true }))
  await db.end()
  await write('both', 5)
  await publishes(5)
  const copy = await copyDisk(postgres)
  await write('old', 30)
  await publishes(35)
  await postgres.kill()
  await postgres.restart()
  await write('old', 1)
  await publishes(36)
  await bringBack(postgres, copy, isPromoted)
  await write('new', 60)
  await using running = s.run(source())
  await assert.rejects(running.finished, { code: 'CONNECT_OTHER_DATABASE' })
}

test('polling that leaves rows in the table: a standby that lagged behind', { timeout: 120_000 }, () => polling(true))

test('polling that leaves rows in the table: an older copy of the disk', { timeout: 120_000 }, () => polling(false))
