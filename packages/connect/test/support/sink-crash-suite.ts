import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { startPostgres } from '@millrace/conformance/postgres'
import { kafkaClient, type Producer } from '@millrace/kafka'
import pg from 'pg'
import { events } from './contracts.ts'
import { crashLoop } from './crash-loop.ts'
import type { CrashSuite } from './crash-suite.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)

/** Sends numbered events for 20 keys until told to stop; returns how many. */
async function produceUntil(producer: Producer, stopped: () => boolean): Promise<number> {
  let seq = 0
  while (!stopped()) {
    for (let i = 0; i < 100; i++, seq++) {
      const key = `key-${seq % 20}`
      void producer.send({
        topic: events.name,
        key: Buffer.from(key),
        value: Buffer.from(JSON.stringify({ key, seq })),
      })
    }
    await producer.flush()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return seq
}

/** A sink killed at random moments, against any broker. */
export function registerSinkCrashTest(name: string, { skip, startBroker, kills }: CrashSuite): void {
  test(`${name}, killed at random moments, the sink has inserted each record once (MILLRACE_SEED=${seed})`, {
    skip,
  }, async () => {
    const random = seededRandom(seed)
    await using postgres = await startPostgres()
    await using broker = await startBroker()
    await using client = kafkaClient({ brokers: broker.brokers })
    const url = await postgres.createDatabase('reporting')
    await client.admin.createTopics([{ name: events.name, partitions: 3 }])
    const db = new pg.Client({ connectionString: url })
    db.on('error', () => {})
    await db.connect()
    const producer = client.producer({})

    let isStopped = false
    const produced = produceUntil(producer, () => isStopped)
    await crashLoop(
      { kind: 'sink', brokers: broker.brokers, url, mode: 'insert' },
      {
        kills,
        random: () => random.next(),
        isDone: async () => {
          isStopped = true
          // The sink creates the table with its first batch.
          const { rows } = await db
            .query('select count(*)::int as count from events')
            .catch(() => ({ rows: [{ count: 0 }] }))
          return rows[0].count >= (await produced)
        },
      },
    )
    const { rows } = await db.query<{ count: number; distinct: number; max: number }>(
      'select count(*)::int as count, count(distinct seq)::int as distinct, max(seq)::int as max from events',
    )
    const total = await produced
    assert.ok(total > 1_000, `${total} records`)
    assert.deepEqual(rows[0], { count: total, distinct: total, max: total - 1 })
    const epochs = await db.query<{ epoch: string }>('select epoch from millrace_sink_offsets')
    assert.ok(epochs.rows.every(({ epoch }) => Number(epoch) > 1))
    await db.end()
  })
}
