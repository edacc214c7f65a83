import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Broker, startBroker } from '@millrace/broker'
import { startPostgres, type TestPostgres } from '@millrace/conformance/postgres'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { type RunningConnector, runSource, type SourceConnector } from '../src/index.ts'
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
})
