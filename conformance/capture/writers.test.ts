import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { postgresOutbox, postgresTables, runSource } from '@millrace/connect'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres } from '../support/postgres.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const writers = 50
/** Of each writer. */
const transactions = Number(process.env.MILLRACE_TRANSACTIONS ?? 20)
const commitDelayMsMax = 60

const moved = topic('moved', { key: serdes.string, value: serdes.json<{ seq: number }>(), partitions: 4 })
const limits = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

/** What one writer committed, in its order. */
type Written = readonly number[]

/** Each transaction writes events and rows, then waits with its commit; every tenth or so is rolled back. */
async function write(url: string, writer: number, random: () => number): Promise<Written> {
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  const written: number[] = []
  try {
    for (let i = 0, seq = 0; i < transactions; i++) {
      await db.query('begin')
      const mine: number[] = []
      for (let rows = 1 + Math.floor(random() * 3); rows > 0; rows--) {
        mine.push(++seq)
        await outbox(db).append(moved, `w${writer}`, { seq })
        await db.query('insert into entry values ($1, $2)', [writer, seq])
      }
      await db.query('select pg_sleep($1)', [(random() * commitDelayMsMax) / 1_000])
      const isKept = random() < 0.9
      await db.query(isKept ? 'commit' : 'rollback')
      if (isKept) written.push(...mine)
    }
    return written
  } finally {
    await db.end()
  }
}

test(`${writers} writers that commit late and in any order: each event and row once, each writer's in its order (MILLRACE_SEED=${seed})`, {
  timeout: 180_000,
}, async () => {
  const random = seededRandom(seed)
  await using postgres = await startPostgres({ settings: { max_connections: writers + 30 } })
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = await postgres.createDatabase('busy')
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(`${outboxMigration()}; create table entry (writer int, seq int, primary key (writer, seq))`)
  const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(url, writer, () => random.next())))
  writing.catch(() => {})
  // Slots are created, and what is there is read, while they write.
  await using events = runSource(postgresOutbox({ url, topics: [moved], limits }), { client })
  const tables = [{ table: 'entry', topic: 'entry' }]
  await using rows = runSource(postgresTables({ url, tables, limits }), { client })
  await Promise.all([events.ready, rows.ready])
  const written = await writing
  const count = written.reduce((sum, { length }) => sum + length, 0)
  const published = (name: string): ReturnType<typeof readTopic> =>
    eventually(`${count} records in ${name}`, async () => {
      const found = await readTopic(client, name)
      return found.length >= count ? found : undefined
    })
  const seqs = new Map<string, number[]>()
  for (const { key, value } of await published(moved.name)) {
    const { seq } = JSON.parse(value ?? '') as { seq: number }
    seqs.set(key ?? '', [...(seqs.get(key ?? '') ?? []), seq])
  }
  for (const [writer, expected] of written.entries()) {
    assert.deepEqual(seqs.get(`w${writer}`) ?? [], expected, `events of ${writer}`)
  }
  const captured = (await published('entry')).map(({ value }) => value ?? '')
  const expected = written.flatMap((own, writer) => own.map((seq) => `{"writer":${writer},"seq":${seq}}`))
  assert.deepEqual(captured.toSorted(), expected.toSorted())
})
