import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { postgresTables, runSource } from '@millrace/connect'
import { kafkaClient, networkTransport } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startRelay } from '../support/network.ts'
import { startPostgres } from '../support/postgres.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const cuts = Number(process.env.MILLRACE_CUTS ?? 12)

test(`a network that is cut or falls silent between database, source and broker loses and doubles nothing (MILLRACE_SEED=${seed})`, {
  timeout: 300_000,
}, async () => {
  const random = seededRandom(seed)
  await using postgres = await startPostgres({ settings: { wal_sender_timeout: '2s' } })
  await using broker = await startBroker({ memory: true })
  await using toDatabase = await startRelay(postgres.port)
  await using toBroker = await startRelay(broker.port)
  await using direct = kafkaClient({ brokers: broker.brokers })
  const network = networkTransport()
  await using client = kafkaClient({
    brokers: broker.brokers,
    requestTimeoutMs: 2_000,
    // Brokers name their own addresses; this client goes by the relay to all of them.
    transport: { connect: (_, options) => network.connect({ host: '127.0.0.1', port: toBroker.port }, options) },
  })
  const directUrl = await postgres.createDatabase('shaky')
  const db = new pg.Client({ connectionString: directUrl })
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(`create table event (id int primary key, filler text);
                  insert into event select g, 'first' from generate_series(1, 500) g`)
  const url = new URL(directUrl)
  url.port = String(toDatabase.port)
  await using running = runSource(
    postgresTables({
      name: 'shaky',
      url: url.href,
      tables: [{ table: 'event', topic: 'event' }],
      format: 'debezium',
      limits: {
        heartbeatIntervalMs: 200,
        statusIntervalMs: 200,
        receiveTimeoutMs: 1_000,
        snapshotTransactionMaxBytes: 0,
        chunkMaxRows: 50,
      },
    }),
    { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200, maxTransactionRecords: 100 } },
  )
  await running.ready
  let next = 501
  let isStopped = false
  const writing = (async () => {
    while (!isStopped) {
      const count = 1 + Math.floor(random.next() * 50)
      await db.query(`insert into event select g, repeat('y', 200) from generate_series($1::int, $2::int) g`, [
        next,
        next + count - 1,
      ])
      next += count
      await delay(random.next() * 20)
    }
  })()
  for (let i = 0; i < cuts; i++) {
    await delay(100 + random.next() * 300)
    const link = random.next() < 0.5 ? toDatabase : toBroker
    if (random.next() < 0.6) link.cut()
    else {
      link.silence()
      await delay(500 + random.next() * 1_500)
      link.mend()
    }
    if (random.next() < 0.3)
      await eventually('it runs again', () => (running.status().state === 'running' ? true : undefined))
  }
  isStopped = true
  await writing
  const last = next - 1
  const read = async (): Promise<{ op: string; id: number }[]> =>
    (await readTopic(direct, 'event')).map(({ value }) => {
      const { op, after } = JSON.parse(value ?? '{}') as { op: string; after: { id: number } }
      return { op, id: after.id }
    })
  const events = await eventually(
    'every row',
    async () => {
      const found = await read()
      return new Set(found.map(({ id }) => id)).size >= last ? found : undefined
    },
    60_000,
  )
  const idsOf = (op: string): number[] => events.filter((event) => event.op === op).map(({ id }) => id)
  // Rows that were written while the snapshot began are in it, in the stream, or in both.
  const snapshot = idsOf('r')
  assert.deepEqual(snapshot, range(1, snapshot.length))
  const changes = idsOf('c')
  assert.deepEqual(changes, range(last - changes.length + 1, last))
  assert.ok(snapshot.length >= 500 && snapshot.length + changes.length >= last)
  assert.ok(changes.length > 500, `${changes.length} changes`)
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
