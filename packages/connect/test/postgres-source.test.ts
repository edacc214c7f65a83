import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isMillraceError } from '@millrace/base'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { serdes, topic } from '@millrace/contracts'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import { outbox, outboxMigration } from '@millrace/outbox'
import pg from 'pg'
import {
  forgetPosition,
  type PostgresOutboxOptions,
  postgresOutbox,
  postgresTables,
  type RunningConnector,
  runSource,
  type SourceConnector,
  storedPosition,
} from '../src/index.ts'
import { eventually, type ReadRecord, readTopic } from './support/topic-reader.ts'

const order = topic('order', { key: serdes.string, value: serdes.json<{ amount: number }>(), partitions: 2 })
const fast = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

describe('the PostgreSQL source', () => {
  let postgres: TestPostgres
  let broker: Broker
  let client: KafkaClient
  let databases = 0

  before(async () => {
    postgres = await startPostgres({ settings: { max_replication_slots: 30, max_wal_senders: 30 } })
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
  })

  after(async () => {
    await client?.close()
    await broker?.close()
    await postgres?.close()
  })

  /** A database with an outbox, and a client for it. */
  async function service(): Promise<{ url: string; name: string; db: pg.Client } & AsyncDisposable> {
    const name = `service_${++databases}`
    const url = await postgres.createDatabase(name)
    const db = new pg.Client({ connectionString: url })
    db.on('error', () => {})
    await db.connect()
    await db.query(outboxMigration())
    return { url, name, db, [Symbol.asyncDispose]: () => db.end().catch(() => {}) }
  }

  async function append(db: pg.Client, key: string, amount: number | null): Promise<string> {
    await db.query('begin')
    const { id } = await outbox(db).append(order, key, amount === null ? null : { amount }, {
      headers: { trace: 't1' },
    })
    await db.query('commit')
    return id
  }

  function run(connector: SourceConnector): RunningConnector {
    return runSource(connector, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })
  }

  /** The records of the order topic with one of these event ids, once all of them are there. */
  async function published(ids: readonly string[]): Promise<ReadRecord[]> {
    return eventually(`${ids.length} events in the topic`, async () => {
      const records = (await readTopic(client, 'order')).filter(({ headers }) => ids.includes(headers.id ?? ''))
      return records.length >= ids.length ? records : undefined
    })
  }

  async function failure(connector: SourceConnector): Promise<string> {
    const running = run(connector)
    try {
      await assert.rejects(running.ready)
      const { error, state } = running.status()
      assert.equal(state, 'failed')
      assert.ok(error && error.remedy.length > 10)
      return error.code
    } finally {
      await running.close()
    }
  }

  const source = (url: string, options: Partial<PostgresOutboxOptions> = {}): SourceConnector =>
    postgresOutbox({ url, topics: [order], limits: fast, ...options })

  test('publishes committed outbox rows with key, value, headers and event id', async () => {
    await using s = await service()
    const before = await append(s.db, 'alice', 1)
    await using running = run(source(s.url))
    await running.ready
    const ids = [before, await append(s.db, 'alice', 2), await append(s.db, 'alice', null)]
    await s.db.query('begin')
    await outbox(s.db).append(order, 'alice', { amount: 666 })
    await s.db.query('rollback')
    ids.push(await append(s.db, 'alice', 3))
    const records = await published(ids)
    assert.deepEqual(
      records.map(({ key, value, headers }) => [key, value, headers]),
      ids.map((id, i) => ['alice', [`{"amount":1}`, `{"amount":2}`, null, `{"amount":3}`][i], { id, trace: 't1' }]),
    )
    assert.ok(Math.abs((records[0]?.timestamp ?? 0) - Date.now()) < 60_000)
    const { state, lag, records: count } = running.status()
    assert.deepEqual([state, count], ['running', 4])
    assert.ok(lag !== undefined)
  })

  test('events that were appended to the log alone are published like rows, and refused while nothing captures', async () => {
    await using app = await service()
    const contract = topic('bytes', { key: serdes.string, value: serdes.bytes, partitions: 1 })
    const binary = Uint8Array.from({ length: 256 }, (_, i) => i)
    const append = async (value: Uint8Array | null, end: 'commit' | 'rollback' = 'commit'): Promise<string> => {
      await app.db.query('begin')
      try {
        const { id } = await outbox(app.db, { via: 'log' }).append(contract, 'k', value, {
          headers: { tenant: 'é' },
          timestamp: 1_700_000_000_123,
        })
        await app.db.query(end)
        return id
      } catch (error) {
        await app.db.query('rollback')
        throw error
      }
    }
    await assert.rejects(append(binary), { code: 'OUTBOX_NOT_CAPTURED' })
    await app.db.query('drop table outbox')
    const options = { name: 'log', url: app.url, topics: [contract], limits: fast, table: false as const }
    await using running = run(postgresOutbox(options))
    await running.ready
    const ids = [await append(binary), await append(Buffer.from('é')), await append(null)]
    await append(binary, 'rollback')
    const last = await append(Buffer.from('{}'))
    const records = await eventually('four events', async () => {
      const found = await readTopic(client, 'bytes', 'hex')
      return found.length >= 4 ? found : undefined
    })
    assert.deepEqual(
      records.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
      [binary, Buffer.from('é'), null, Buffer.from('{}')].map((value, i) => ({
        key: 'k',
        value: value && Buffer.from(value).toString('hex'),
        headers: { id: [...ids, last][i], tenant: 'é' },
        timestamp: 1_700_000_000_123,
      })),
    )
  })

  test('confirms log on an idle table while another database is busy, and starts again from there', async () => {
    await using s = await service()
    await using neighbour = await service()
    const running = run(source(s.url))
    await running.ready
    const confirmed = async (): Promise<{ behind: number }> => {
      const { rows } = await s.db.query(
        `select pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn)::float8 as behind
           from pg_replication_slots where database = $1`,
        [s.name],
      )
      return rows[0]
    }
    await neighbour.db.query('create table busy (filler text)')
    await neighbour.db.query("insert into busy select repeat('x', 1000) from generate_series(1, 3000) g")
    await eventually('log confirmed', async () => ((await confirmed()).behind < 100_000 ? true : undefined))
    await running.close()
    // The stored position moved first: a slot ahead of it would be refused now.
    await using again = run(source(s.url))
    await again.ready
    await published([await append(s.db, 'bob', 1)])
  })

  test('goes on after the database was restarted', async () => {
    await using s = await service()
    await using running = run(source(s.url))
    await running.ready
    const first = await append(s.db, 'carol', 1)
    await published([first])
    await postgres.restart()
    await using db = await eventually('the database is back', async () => {
      const next = new pg.Client({ connectionString: s.url })
      next.on('error', () => {})
      return next.connect().then(
        () => Object.assign(next, { [Symbol.asyncDispose]: () => next.end() }),
        () => undefined,
      )
    })
    const second = await append(db, 'carol', 2)
    const records = await published([first, second])
    assert.deepEqual(
      records.map(({ headers }) => headers.id),
      [first, second],
    )
    assert.equal(running.status().state, 'running')
  })

  test('goes on after the broker was restarted', async () => {
    await using s = await service()
    const folder = await mkdtemp(join(tmpdir(), 'millrace-connect-'))
    let log = await startBroker({ dataDir: folder })
    await using own = kafkaClient({ brokers: log.brokers, requestTimeoutMs: 2_000, operationTimeoutMs: 3_000 })
    const limits = { retryDelayMsMin: 20, retryDelayMsMax: 200 }
    const running = runSource(source(s.url), { client: own, limits })
    try {
      await running.ready
      const ids = [await append(s.db, 'grace', 1)]
      await eventually('the first event', () => (running.status().records === 1 ? true : undefined))
      const { port } = log
      await log.close()
      ids.push(await append(s.db, 'grace', 2))
      await new Promise((resolve) => setTimeout(resolve, 500))
      log = await startBroker({ dataDir: folder, port })
      const records = await eventually('both events', async () => {
        const read = await readTopic(own, 'order').catch(() => [])
        return read.length >= 2 ? read : undefined
      })
      assert.deepEqual(
        records.map(({ headers }) => headers.id),
        ids,
      )
      await log.close()
      await append(s.db, 'grace', 3)
      const startMs = Date.now()
      await running.close()
      assert.ok(Date.now() - startMs < 12_000, 'stopping does not wait for a broker that is gone')
    } finally {
      await running.close()
      await own.close()
      await log.close().catch(() => {})
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('refuses a slot that is ahead of the stored position', async () => {
    await using s = await service()
    const running = run(source(s.url))
    await running.ready
    await published([await append(s.db, 'dave', 1)])
    await running.close()
    await append(s.db, 'dave', 2)
    await eventually('the slot is free', async () => {
      const { rows } = await s.db.query('select active from pg_replication_slots where database = $1', [s.name])
      return rows[0].active ? undefined : true
    })
    await s.db.query(
      `select pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) from pg_replication_slots where database = $1`,
      [s.name],
    )
    assert.equal(await failure(source(s.url)), 'POSTGRES_SLOT_AHEAD')
    await s.db.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1', [
      s.name,
    ])
    assert.equal(await failure(source(s.url)), 'POSTGRES_SLOT_MISSING')
    // What the remedy says.
    assert.ok(await storedPosition(client, `${s.name}-outbox`))
    await forgetPosition(client, `${s.name}-outbox`)
    assert.equal(await storedPosition(client, `${s.name}-outbox`), undefined)
    await using anew = run(source(s.url))
    await anew.ready
  })

  test('waits for a slot that another process reads, and leaves that process alone', async () => {
    await using s = await service()
    const first = run(source(s.url, { name: `${s.name}-one`, slot: `${s.name}_shared` }))
    // It is ready when its snapshot begins; the slot is its own once it streams.
    await eventually('the first reads the slot', async () => {
      const { rows } = await s.db.query('select 1 from pg_replication_slots where slot_name = $1 and active', [
        `${s.name}_shared`,
      ])
      return rows[0]
    })
    await using second = run(source(s.url, { name: `${s.name}-two`, slot: `${s.name}_shared` }))
    await eventually('the slot is reported as taken', () =>
      second.status().error?.code === 'POSTGRES_SLOT_TAKEN' ? true : undefined,
    )
    assert.equal(first.status().state, 'running')
    await first.close()
    await second.ready
  })

  test('a second instance takes over, and the first stands by until it is gone', async () => {
    await using s = await service()
    const connector = source(s.url)
    await using first = run(connector)
    await first.ready
    const second = run(source(s.url))
    await second.ready
    await eventually('the first stands by', () => (first.status().state === 'standby' ? true : undefined))
    const one = await append(s.db, 'erin', 1)
    await published([one])
    await second.close()
    const two = await append(s.db, 'erin', 2)
    const records = await published([one, two])
    assert.equal(records.length, 2)
    assert.equal(first.status().state, 'running')
  })

  test('an outbox row for a topic that was not given fails loudly, or goes where it was told', async () => {
    await using s = await service()
    const stray = topic('stray', { key: serdes.string, value: serdes.json() })
    const write = async (): Promise<void> => {
      await s.db.query('begin')
      await outbox(s.db).append(stray, 'x', { a: 1 })
      await s.db.query('commit')
    }
    const failing = run(source(s.url))
    await failing.ready
    await write()
    await assert.rejects(failing.finished, { code: 'CONNECT_TOPIC_UNKNOWN' })
    await failing.close()
    await using setAside = run(source(s.url, { onUnknownTopic: 'dead-letter' }))
    await setAside.ready
    const letters = await eventually('a dead letter', async () => {
      const records = await readTopic(client, `${s.name}-outbox.dlq`)
      return records.length > 0 ? records : undefined
    })
    assert.equal(letters[0]?.headers['__millrace.errors.exception'], 'CONNECT_TOPIC_UNKNOWN')
    assert.equal(letters[0]?.headers['__millrace.errors.topic'], 'stray')
    const id = await append(s.db, 'frank', 1)
    await published([id])
  })

  test('captures whole tables, the rows that were there first included', async () => {
    await using s = await service()
    await s.db.query(`create table account (id bigint primary key, balance int, opened timestamptz, tags jsonb);
                      create table history (aid int, delta int);
                      insert into account values (1, 10, '2026-01-31 10:00:00+00', '["a"]');
                      insert into history values (1, 10)`)
    const tables = [
      { table: 'account', topic: `${s.name}.account` },
      { table: 'history', topic: `${s.name}.history`, key: ['aid'] },
    ]
    await using running = run(postgresTables({ url: s.url, tables, limits: fast }))
    await eventually('the initial snapshot', () => (running.status().records === 2 ? true : undefined))
    await s.db.query('insert into account values (2, 20, null, null)')
    await s.db.query('update account set balance = 11 where id = 1')
    await s.db.query('delete from account where id = 2')
    await s.db.query('insert into history values (1, 1)')
    // A table without primary key is published for inserts only, so that its service may still change it.
    await s.db.query('update history set delta = 2; delete from history')
    const accounts = await eventually('four changes', async () => {
      const records = await readTopic(client, `${s.name}.account`).catch(() => [])
      return records.length >= 4 ? records : undefined
    })
    assert.deepEqual(
      accounts.map(({ key, value }) => [key, value && JSON.parse(value)]).sort(),
      [
        ['1', { id: '1', balance: 10, opened: '2026-01-31T10:00:00Z', tags: ['a'] }],
        ['1', { id: '1', balance: 11, opened: '2026-01-31T10:00:00Z', tags: ['a'] }],
        ['2', { id: '2', balance: 20, opened: null, tags: null }],
        ['2', null],
      ].sort(),
    )
    const history = await eventually('two rows of history', async () => {
      const records = await readTopic(client, `${s.name}.history`)
      return records.length >= 2 ? records : undefined
    })
    assert.deepEqual(
      history.map(({ key, value }) => [key, value]),
      [
        ['1', '{"aid":1,"delta":10}'],
        ['1', '{"aid":1,"delta":1}'],
      ],
    )
  })

  test('says what to do when the server or the user cannot replicate', async () => {
    await using s = await service()
    const user = `plain_${databases}`
    await s.db.query(`create role ${user} login; grant all on database ${s.name} to ${user}`)
    const asUser = s.url.replace('postgres@', `${user}@`)
    assert.equal(await failure(source(asUser)), 'POSTGRES_NO_REPLICATION_RIGHT')
    await s.db.query(`alter role ${user} replication`)
    assert.equal(await failure(source(asUser)), 'POSTGRES_NO_PUBLICATION_RIGHT')
    const foreign = source(s.url, { table: 'account', publication: 'partial' })
    await s.db.query('create table account (id int); create publication partial for table outbox')
    assert.equal(await failure(foreign), 'POSTGRES_COLUMN_MISSING')
    await s.db.query('drop publication partial; create publication partial for table account')
    assert.equal(await failure(source(s.url, { publication: 'partial' })), 'POSTGRES_PUBLICATION_INCOMPLETE')
    const problems = (await source(s.url, { publication: 'partial' }).check?.()) ?? []
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['POSTGRES_PUBLICATION_INCOMPLETE'],
    )
    const nowhere = (await source('postgres://postgres@127.0.0.1:1/none').check?.()) ?? []
    assert.ok(isMillraceError(nowhere[0]) && nowhere[0].code === 'POSTGRES_UNAVAILABLE' && nowhere[0].retriable)
    assert.equal(await failure(source(s.url.replace(s.name, 'no_such_database'))), 'POSTGRES_ACCESS_DENIED')
  })

  test('a table that does not exist yet is waited for', async () => {
    await using s = await service()
    await using running = run(source(s.url, { table: 'later' }))
    await eventually('the table is missed', () =>
      running.status().error?.code === 'POSTGRES_TABLE_MISSING' ? true : undefined,
    )
    await s.db.query(outboxMigration({ table: 'later' }))
    await running.ready
  })
})

test('a server with wal_level replica is refused with what to run', async () => {
  await using postgres = await startPostgres({ walLevel: 'replica', settings: { max_wal_senders: 2 } })
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await using running = runSource(postgresOutbox({ url: postgres.url(), topics: [order] }), { client })
  await assert.rejects(running.ready, { code: 'POSTGRES_WAL_LEVEL' })
  assert.match(running.status().error?.remedy ?? '', /ALTER SYSTEM SET wal_level = 'logical'/)
})
