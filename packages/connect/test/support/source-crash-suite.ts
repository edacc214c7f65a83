import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { startPostgres } from '@millrace/conformance/postgres'
import { kafkaClient } from '@millrace/kafka'
import { outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import { events } from './contracts.ts'
import { crashLoop } from './crash-loop.ts'
import type { CrashSuite } from './crash-suite.ts'
import { readTopic } from './topic-reader.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const keys = 20

/** Appends `count` events for a key, numbered per key, in one transaction that may be rolled back. */
async function write(client: pg.Client, key: string, count: number, commit: boolean): Promise<void> {
  await client.query('begin')
  // The row's lock is what orders the writers of one key, as an aggregate's row does.
  const { rows } = await client.query('update aggregate set seq = seq + $2 where id = $1 returning seq', [key, count])
  const last = Number(rows[0].seq)
  await client.query(
    `with event as (select gen_random_uuid() as id, g as seq from generate_series($2::int, $3::int) g),
          row as (insert into outbox (id, aggregatetype, aggregateid, type, payload)
                  select id, 'events', $1, 'e', convert_to(json_build_object('key', $1::text, 'seq', seq)::text, 'utf8')
                    from event order by seq)
     insert into written select id, $1, seq from event`,
    [key, last - count + 1, last],
  )
  await client.query(commit ? 'commit' : 'rollback')
}

async function writeUntil(url: string, stopped: () => boolean, random: () => number): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  while (!stopped()) {
    const count = random() < 0.02 ? 1_000 : 1 + Math.floor(random() * 5)
    await write(client, `key-${Math.floor(random() * keys)}`, count, random() < 0.9)
    await new Promise((resolve) => setTimeout(resolve, random() * 5))
  }
  await client.end()
}

/** A source killed at random moments, against any broker. */
export function registerSourceCrashTest(
  name: string,
  { skip, startBroker, kills, kind = 'outbox' }: CrashSuite & { readonly kind?: 'outbox' | 'polling' | 'polling-kept' },
): void {
  test(`${name}, killed at random moments, each committed row is in the topic once and in order (MILLRACE_SEED=${seed})`, {
    skip,
  }, async () => {
    const random = seededRandom(seed)
    await using postgres = await startPostgres()
    await using broker = await startBroker()
    await using client = kafkaClient({ brokers: broker.brokers })
    const url = await postgres.createDatabase('orders')
    const admin = new pg.Client({ connectionString: url })
    // When the test fails, what failed is to be told, and not that the server ends.
    admin.on('error', () => {})
    await admin.connect()
    await admin.query(outboxMigration({ keepRows: kind !== 'outbox' }))
    await admin.query(`create table aggregate (id text primary key, seq int not null default 0);
                       insert into aggregate select 'key-' || g from generate_series(0, ${keys - 1}) g;
                       create table written (id uuid primary key, key text, seq int)`)
    // Rows from before the first start, and writers that go on while the slot is created.
    for (let i = 0; i < 30; i++) await write(admin, `key-${i % keys}`, 3, true)

    let isStopped = false
    const stopWriters = async (): Promise<void> => {
      isStopped = true
      await Promise.all(writers)
    }
    await using _writers = { [Symbol.asyncDispose]: () => stopWriters() }
    const writers = [1, 2, 3, 4].map(() =>
      writeUntil(
        url,
        () => isStopped,
        () => random.next(),
      ),
    )
    await crashLoop(
      { kind, brokers: broker.brokers, url },
      {
        kills,
        random: () => random.next(),
        isDone: async () => {
          await stopWriters()
          const { rows } = await admin.query('select count(*)::int as count from written')
          const records = await readTopic(client, events.name)
          return records.length >= rows[0].count
        },
      },
    )
    const written = await admin.query<{ id: string; key: string; seq: number }>('select id, key, seq from written')
    const records = await readTopic(client, events.name)
    assert.ok(written.rows.length > 1_000, `${written.rows.length} rows`)
    assert.deepEqual(records.map(({ headers }) => headers.id).sort(), written.rows.map(({ id }) => id).sort())
    const last = new Map<string, number>()
    for (const { key, value } of records) {
      const { seq } = JSON.parse(value ?? '') as { seq: number }
      assert.equal(seq, (last.get(key ?? '') ?? 0) + 1, `order of ${key}`)
      last.set(key ?? '', seq)
    }
    await admin.end()
  })
}
