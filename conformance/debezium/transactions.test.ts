import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Broker, startBroker } from '@millrace/broker'
import { postgresTables, runSource } from '@millrace/connect'
import { type KafkaClient, kafkaClient } from '@millrace/kafka'
import pg from 'pg'
import { eventually, readTopic } from '../../packages/connect/test/support/topic-reader.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

const tables = ['a', 'b', 'c']
const transactions = 60

interface Event {
  readonly source: { readonly txId: number; readonly table: string }
  readonly transaction: { readonly id: string; readonly total_order: number; readonly data_collection_order: number }
}

interface Mark {
  readonly status: 'BEGIN' | 'END'
  readonly id: string
  readonly event_count: number | null
  readonly data_collections: { readonly data_collection: string; readonly event_count: number }[] | null
}

describe('metadata of transactions', () => {
  let postgres: TestPostgres
  let broker: Broker
  let client: KafkaClient

  before(async () => {
    postgres = await startPostgres()
    broker = await startBroker({ memory: true })
    client = kafkaClient({ brokers: broker.brokers })
  })

  after(async () => {
    await client?.close()
    await broker?.close()
    await postgres?.close()
  })

  test('begins and ends come once and count exactly, also where the source is restarted in the middle of transactions', async () => {
    const url = await postgres.createDatabase('counts')
    const db = new pg.Client({ connectionString: url })
    await db.connect()
    for (const table of tables) await db.query(`create table ${table} (id int primary key, v int)`)
    const connector = postgresTables({
      url,
      name: 'counts',
      tables: tables.map((table) => ({ table, topic: table })),
      format: 'debezium',
      events: { transactionTopic: 'transactions', tombstones: false },
      snapshot: 'never',
    })
    // Small, so that most transactions are cut into several of Kafka's.
    const start = () => runSource(connector, { client, limits: { maxTransactionRecords: 7, retryDelayMsMin: 10 } })
    let running = start()
    await running.ready
    const expected = new Map<number, number>()
    for (let i = 0; i < transactions; i++) {
      await db.query('begin')
      const { rows } = await db.query<{ xid: string }>('select pg_current_xact_id()::text as xid')
      const count = (i * 7) % 40
      for (let n = 0; n < count; n++) await db.query(`insert into ${tables[(n * n) % 3]} values (${i * 100 + n}, 0)`)
      await db.query('commit')
      if (count > 0) expected.set(Number(rows[0]!.xid), count)
      if (i % 4 !== 0) continue
      await delay(i % 5)
      await running.close()
      running = start()
    }
    const ends = async (): Promise<Mark[]> => {
      const records = await readTopic(client, 'transactions')
      return records.map(({ value }) => JSON.parse(value!) as Mark)
    }
    const xidOf = ({ id }: { id: string }): number => Number(id.split(':')[0])
    const marks = await eventually('all transactions ended', async () => {
      const found = await ends()
      const ended = new Set(found.filter(({ status }) => status === 'END').map(xidOf))
      return [...expected.keys()].every((xid) => ended.has(xid)) ? found : undefined
    })
    await running.close()
    await db.end()

    const events = (await Promise.all(tables.map((table) => readTopic(client, table)))).flat()
    const byXid = new Map<number, Event[]>()
    for (const { value } of events) {
      const event = JSON.parse(value!) as Event
      byXid.set(event.source.txId, [...(byXid.get(event.source.txId) ?? []), event])
    }
    assert.deepEqual(new Map([...byXid].map(([xid, list]) => [xid, list.length])), expected, 'each change once')
    for (const [xid, list] of byXid) {
      const own = marks.filter((mark) => xidOf(mark) === xid)
      assert.deepEqual(
        own.map(({ status }) => status),
        ['BEGIN', 'END'],
      )
      assert.equal(own[1]!.event_count, list.length)
      const orders = list.map(({ transaction }) => transaction.total_order).sort((x, y) => x - y)
      assert.deepEqual(
        orders,
        list.map((_, i) => i + 1),
      )
      for (const { data_collection, event_count } of own[1]!.data_collections!) {
        const inTable = list.filter(({ source }) => `public.${source.table}` === data_collection)
        const places = inTable.map(({ transaction }) => transaction.data_collection_order).sort((x, y) => x - y)
        assert.deepEqual(
          places,
          Array.from({ length: event_count }, (_, i) => i + 1),
        )
      }
    }
  })
})
