import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import {
  type PostgresTablesOptions,
  postgresTables,
  type RunningConnector,
  runSource,
  type SourceConnector,
  storedPosition,
} from '../src/index.ts'
import type { CaptureMapper } from '../src/sources/postgres/capture.ts'
import { postgresSource } from '../src/sources/postgres/postgres-source.ts'
import { eventually, readTopic } from './support/topic-reader.ts'

const fast = { heartbeatIntervalMs: 100, statusIntervalMs: 100 }

describe('how PostgreSQL is read', () => {
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

  async function database(sql: string): Promise<{ url: string; name: string; db: pg.Client } & AsyncDisposable> {
    const name = `capture_${++databases}`
    const url = await postgres.createDatabase(name)
    const db = new pg.Client({ connectionString: url })
    db.on('error', () => {})
    await db.connect()
    await db.query(sql)
    return { url, name, db, [Symbol.asyncDispose]: () => db.end().catch(() => {}) }
  }

  function run(connector: SourceConnector): RunningConnector {
    return runSource(connector, { client, limits: { retryDelayMsMin: 20, retryDelayMsMax: 200 } })
  }

  test('logical messages come in their transaction, those outside of one once each, rolled back ones never', async () => {
    await using s = await database('create table thing (id int primary key)')
    const name = `${s.name}-messages`
    const put = (text: string, output: Parameters<CaptureMapper['truncate']>[2]): void =>
      output.append(name, 1, null, Buffer.from(text), [])
    const mapper: CaptureMapper = {
      change: (change, _source, output) => put(`row ${change.row?.text(0)}`, output),
      truncate() {},
      snapshotRow() {},
      message: ({ prefix, content }, { index, xid }, output) =>
        put(`${prefix} ${content} ${xid > 0 ? index : 'alone'}`, output),
    }
    const connector = (): SourceConnector =>
      postgresSource(
        { url: s.url, snapshot: 'never', limits: fast },
        {
          name,
          topics: [{ name, partitions: 1 }],
          tables: ['thing'],
          publications: (tables, publication) => [{ name: publication, tables, operations: ['insert'] }],
          mapper: () => mapper,
          snapshotOrder: () => '',
        },
      )
    const read = async (count: number): Promise<(string | null)[]> =>
      eventually(`${count} records`, async () => {
        const records = await readTopic(client, name)
        return records.length >= count ? records.map(({ value }) => value) : undefined
      })
    const running = run(connector())
    await running.ready
    await s.db.query(`begin; insert into thing values (1); select pg_logical_emit_message(true, 'a', 'in');
                      insert into thing values (2); commit`)
    await s.db.query(`begin; select pg_logical_emit_message(true, 'a', 'gone');
                      select pg_logical_emit_message(false, 'b', 'out'); rollback`)
    await s.db.query('insert into thing values (3)')
    const expected = ['row 1', 'a in 1', 'row 2', 'b out alone', 'row 3']
    assert.deepEqual(await read(5), expected)
    await running.close()
    await s.db.query(`select pg_logical_emit_message(false, 'b', 'later')`)
    await using again = run(connector())
    await again.ready
    assert.deepEqual(await read(6), [...expected, 'b later alone'])
  })

  /** The connector of one table `account (id, version)`, read in parts of 100 rows. */
  function accounts(s: { url: string; name: string }, options: Partial<PostgresTablesOptions> = {}): SourceConnector {
    return postgresTables({
      url: s.url,
      tables: [{ table: 'account', topic: `${s.name}.account` }],
      limits: { ...fast, snapshotTransactionMaxBytes: 0, chunkMaxRows: 100 },
      ...options,
    })
  }

  async function snapshotEnded(name: string): Promise<void> {
    await eventually('the end of the snapshot', async () => {
      const position = await storedPosition(client, name)
      return position && position.snapshot === undefined && position.vanished === undefined ? true : undefined
    })
  }

  /** Versions per key in the order of the topic; null for a tombstone. */
  async function versions(topic: string): Promise<Map<string, (number | null)[]>> {
    const found = new Map<string, (number | null)[]>()
    for (const { key, value } of await readTopic(client, topic)) {
      const list = found.get(key ?? '') ?? []
      list.push(value === null ? null : (JSON.parse(value) as { version: number }).version)
      found.set(key ?? '', list)
    }
    return found
  }

  test('a large table is read in parts beside the stream, never publishes a row older than the one before, and goes on after restarts', async () => {
    await using s = await database(`create table account (id int primary key, version int not null, filler text);
      insert into account select g, 0, repeat('x', 50) from generate_series(1, 3000) g`)
    let isStopped = false
    const writer = (async () => {
      const db = new pg.Client({ connectionString: s.url })
      await db.connect()
      for (let i = 0; !isStopped; i++) {
        const id = 1 + ((i * 7919) % 3000)
        if (i % 10 === 9) await db.query('delete from account where id = $1', [id])
        else
          await db.query(
            'insert into account values ($1, 0) on conflict (id) do update set version = account.version + 1',
            [id],
          )
      }
      await db.end()
    })()
    const topic = `${s.name}.account`
    for (let starts = 0; starts < 3; starts++) {
      await using running = run(accounts(s))
      await running.ready
      await eventually('some rows', () => (running.status().records > 500 ? true : undefined))
    }
    await using running = run(accounts(s))
    await running.ready
    await snapshotEnded(`${s.name}-tables`)
    isStopped = true
    await writer
    const { rows } = await s.db.query<{ id: number; version: number }>('select id, version from account')
    const expected = new Map(rows.map(({ id, version }) => [String(id), version]))
    const found = await eventually('the last state of each row', async () => {
      const found = await versions(topic)
      const last = new Map([...found].flatMap(([key, list]) => (list.at(-1) === null ? [] : [[key, list.at(-1)!]])))
      return last.size === expected.size && [...expected].every(([id, version]) => last.get(id) === version)
        ? found
        : undefined
    })
    for (const [key, list] of found) {
      list.forEach((version, i) => {
        const before = list[i - 1]
        if (version === null || before === null || before === undefined) return
        assert.ok(version >= before, `key ${key} went back: ${list.join(', ')}`)
      })
    }
  })

  test('with when-needed a lost slot ends in the same state: changed rows anew, rows that vanished deleted', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account select g, 0 from generate_series(1, 250) g`)
    const topic = `${s.name}.account`
    const first = run(accounts(s, { snapshot: 'when-needed' }))
    await first.ready
    await snapshotEnded(`${s.name}-tables`)
    await first.close()
    const slotFree = `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active`
    await eventually('the slot dropped', async () =>
      (await s.db.query(slotFree, [s.name])).rowCount ? true : undefined,
    )
    await s.db.query('delete from account where id <= 40; update account set version = 1 where id > 240')
    const refusing = run(accounts(s))
    await assert.rejects(refusing.ready, { code: 'POSTGRES_SLOT_MISSING' })
    await refusing.close()
    await using again = run(accounts(s, { snapshot: 'when-needed' }))
    await again.ready
    const found = await eventually('a tombstone', async () => {
      const found = await versions(topic)
      return found.get('1')?.length === 2 ? found : undefined
    })
    assert.equal(found.size, 250)
    for (const [key, list] of found) {
      const id = Number(key)
      assert.equal(list.at(-1), id <= 40 ? null : id > 240 ? 1 : 0, key)
      assert.equal(list.length, 2, key)
    }
    await s.db.query('insert into account values (900, 5)')
    await eventually('a change', async () => (await versions(topic)).get('900'))
  })

  test('a table that is added later has its rows published, and one without a key is read as a whole', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      create table log (line text); insert into log values ('a'), ('b');
      insert into account values (1, 0)`)
    const first = run(accounts(s))
    await first.ready
    await snapshotEnded(`${s.name}-tables`)
    await first.close()
    const tables = [
      { table: 'account', topic: `${s.name}.account` },
      { table: 'log', topic: `${s.name}.log` },
    ]
    await using again = run(accounts(s, { tables }))
    await again.ready
    const linesOf = (count: number): Promise<(string | null)[]> =>
      eventually(`${count} lines`, async () => {
        const records = await readTopic(client, `${s.name}.log`).catch(() => [])
        return records.length >= count ? records.map(({ value }) => value) : undefined
      })
    await linesOf(2)
    await s.db.query("insert into log values ('c')")
    const lines = await linesOf(3)
    assert.deepEqual(lines.sort(), ['{"line":"a"}', '{"line":"b"}', '{"line":"c"}'])
    assert.equal((await versions(`${s.name}.account`)).get('1')?.length, 1)
  })

  test('initial-only publishes the rows and takes no slot; always publishes them at every start', async () => {
    await using s = await database(`create table account (id int primary key, version int not null);
      insert into account values (1, 0), (2, 0), (3, 7)`)
    const topic = `${s.name}.account`
    {
      await using once = run(accounts(s, { snapshot: 'initial-only', snapshotFilters: { account: 'id < 3' } }))
      await once.ready
      await eventually('two rows', async () => ((await readTopic(client, topic)).length === 2 ? true : undefined))
      await eventually('the end', () => (once.status().activity.includes('complete') ? true : undefined))
    }
    const slots = await s.db.query('select 1 from pg_replication_slots where database = $1', [s.name])
    assert.equal(slots.rowCount, 0)
    for (let starts = 1; starts <= 2; starts++) {
      await using running = run(accounts(s, { snapshot: 'always', name: `${s.name}-always` }))
      await running.ready
      const count = 2 + 3 * starts
      await eventually('all rows', async () => ((await readTopic(client, topic)).length === count ? true : undefined))
      await snapshotEnded(`${s.name}-always`)
    }
  })
})
