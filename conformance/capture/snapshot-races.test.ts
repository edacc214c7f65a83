import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { postgresTables, runSource, SignalSender } from '@millrace/connect'
import { kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres } from '../support/postgres.ts'

const seed = Number(process.env.MILLRACE_SEED ?? Date.now() % 1_000_000)
const seconds = Number(process.env.MILLRACE_SECONDS ?? 8)
const rows = 60

interface Row {
  readonly id: number
  readonly version: number
}

/**
 * Few rows, changed all the time by several writers, in transactions that commit late, at once or are rolled back, and read
 * again and again in parts of a few rows: so that every part meets changes that it sees and others that it does not.
 */
test(`snapshots in parts never turn a key back under heavy writes (MILLRACE_SEED=${seed})`, {
  timeout: 180_000,
}, async (t) => {
  const random = seededRandom(seed)
  await using postgres = await startPostgres()
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  const url = await postgres.createDatabase('races')
  const db = new pg.Client({ connectionString: url })
  await db.connect()
  await using _db = { [Symbol.asyncDispose]: () => db.end() }
  await db.query(`create table account (id int primary key, version int not null);
                  create sequence version;
                  insert into account select g, 0 from generate_series(1, ${rows}) g`)
  const signals = new SignalSender()
  let completed = 0
  const again = (): void =>
    signals.send({
      id: `again-${completed}`,
      type: 'execute-snapshot',
      data: { 'data-collections': ['public.account'], type: completed % 7 === 6 ? 'blocking' : 'incremental' },
    })
  await using running = runSource(
    postgresTables({
      url,
      tables: [{ table: 'account', topic: 'account' }],
      format: 'debezium',
      signals: { inProcess: signals },
      notifications: {
        on: ({ id, type }) => {
          if (type !== 'COMPLETED' || id === 'initial') return
          completed++
          again()
        },
      },
      limits: { heartbeatIntervalMs: 100, statusIntervalMs: 100, chunkMaxRows: 7 },
    }),
    { client },
  )
  await running.ready
  again()
  const deadline = Date.now() + seconds * 1_000
  const writers = [1, 2, 3, 4].map(async (writer) => {
    const own = new pg.Client({ connectionString: url })
    await own.connect()
    if (writer % 2 === 0) await own.query('set synchronous_commit = off')
    while (Date.now() < deadline) {
      await own.query('begin')
      const ids = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => 1 + Math.floor(random.next() * rows))
      for (const id of [...new Set(ids)].sort((a, b) => a - b)) {
        // The row's lock orders the versions of a key.
        const action = random.next()
        if (action < 0.1) await own.query('delete from account where id = $1', [id])
        else {
          await own.query(
            `insert into account values ($1, 0) on conflict (id) do update set version = nextval('version')`,
            [id],
          )
          await own.query(`update account set version = nextval('version') where id = $1`, [id])
        }
      }
      if (random.next() < 0.2) await new Promise((resolve) => setTimeout(resolve, random.next() * 20))
      await own.query(random.next() < 0.1 ? 'rollback' : 'commit')
    }
    await own.end()
  })
  await Promise.all(writers)
  const expected = new Map(
    (await db.query<{ id: number; version: number }>('select id, version from account')).rows.map((row) => [
      row.id,
      row.version,
    ]),
  )
  const snapshots = completed
  await eventually('two more snapshots', () => (completed >= snapshots + 2 ? true : undefined), 30_000)
  await running.close()
  const last = new Map<number, { version: number; isDeleted: boolean }>()
  let reads = 0
  for (const { value } of await readTopic(client, 'account')) {
    if (value === null) continue
    const event = JSON.parse(value) as {
      op: string
      before: Row | null
      after: Row | null
    }
    const id = (event.after ?? event.before!).id
    const before = last.get(id)
    if (event.op === 'd' || !event.after) {
      last.set(id, { version: before?.version ?? 0, isDeleted: true })
      continue
    }
    if (event.op === 'r') {
      reads++
      assert.ok(!before?.isDeleted, `row ${id} came back from a snapshot after it was deleted`)
    }
    const { version } = event.after
    assert.ok(
      before === undefined || version >= before.version || event.op === 'c',
      `row ${id} went back to ${version}`,
    )
    last.set(id, { version, isDeleted: false })
  }
  t.diagnostic(`${completed} snapshots with ${reads} rows`)
  assert.ok(completed > 5 && reads > rows)
  for (const [id, version] of expected) assert.deepEqual(last.get(id), { version, isDeleted: false }, `row ${id}`)
  for (const [id, { isDeleted }] of last) assert.equal(expected.has(id), !isDeleted, `row ${id}`)
})
