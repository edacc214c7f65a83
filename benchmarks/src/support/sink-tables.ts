import { createClient } from '@clickhouse/client'
import { startClickHouse } from '@millrace/conformance/clickhouse'
import { startMariaDb } from '@millrace/conformance/mariadb'
import { startPostgres } from '@millrace/conformance/postgres'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { keysOf } from './upserted-rows.ts'

/** The table of one run. */
export interface SinkTable extends AsyncDisposable {
  readonly url: string
  /** How many of the records are in the table; they are written in their order. */
  written(records: number): Promise<number>
  digest(): Promise<string>
}

/** A server that has a table for each run. */
export interface SinkServer extends AsyncDisposable {
  table(database: string): Promise<SinkTable>
}

export const sinkTable = 'orders'
const columns = `customer_id text not null, amount_cents integer not null, currency text not null, status text not null,
  note text not null`

/** The last one that is there is found by halving, which costs the server next to nothing. */
async function lastWritten(records: number, statusOf: (id: string) => Promise<string | undefined>): Promise<number> {
  const keys = keysOf(records)
  let low = 0
  let high = records
  while (low < high) {
    const middle = (low + high) >> 1
    const status = await statusOf(`order-${middle % keys}`)
    if (status !== undefined && (middle < keys || status === 'paid')) low = middle + 1
    else high = middle
  }
  return low
}

export async function postgresServer(): Promise<SinkServer> {
  const server = await startPostgres()
  const table = async (database: string): Promise<SinkTable> => {
    const url = await server.createDatabase(database)
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query(`create table ${sinkTable} (id text primary key, ${columns})`)
    const text = `select status from ${sinkTable} where id = $1`
    return {
      url,
      written: (records) =>
        lastWritten(records, async (id) => {
          const { rows } = await client.query<{ status: string }>({ name: 'look', text, values: [id] })
          return rows[0]?.status
        }),
      digest: async () => {
        const all = `md5(string_agg(md5(t::text), '' order by id))`
        const { rows } = await client.query(`select count(*)::int as count, ${all} as digest from ${sinkTable} t`)
        return `rows: ${rows[0].count} with digest ${rows[0].digest}`
      },
      [Symbol.asyncDispose]: () => client.end(),
    }
  }
  return { table, [Symbol.asyncDispose]: () => server.close() }
}

export async function mariaDbServer(): Promise<SinkServer> {
  const server = await startMariaDb({ 'innodb-buffer-pool-size': '512M', 'innodb-log-file-size': '256M' })
  const table = async (database: string): Promise<SinkTable> => {
    // The peer asks for a password.
    const url = new URL(await server.createDatabase(database))
    const client = await mysql.createConnection({ uri: url.href })
    await client.query(`create user if not exists bench identified by 'bench'`)
    await client.query(`grant all on *.* to bench`)
    url.username = 'bench'
    url.password = 'bench'
    await client.query(`create table ${sinkTable} (id varchar(64) primary key, ${columns})`)
    return {
      url: url.href,
      written: (records) =>
        lastWritten(records, async (id) => {
          const [rows] = await client.execute<mysql.RowDataPacket[]>(`select status from ${sinkTable} where id = ?`, [
            id,
          ])
          return rows[0]?.status as string | undefined
        }),
      digest: async () => {
        const row = "concat_ws('|', id, customer_id, amount_cents, currency, status, note)"
        const [rows] = await client.query<mysql.RowDataPacket[]>(
          `select count(*) as count, sum(crc32(${row})) as digest from ${sinkTable}`,
        )
        return `rows: ${rows[0]?.count} with digest ${rows[0]?.digest}`
      },
      [Symbol.asyncDispose]: () => client.end(),
    }
  }
  return { table, [Symbol.asyncDispose]: () => server.close() }
}

export async function clickHouseServer(): Promise<SinkServer> {
  const server = await startClickHouse()
  const table = async (database: string): Promise<SinkTable> => {
    const url = new URL(server.url)
    const admin = createClient({ url: url.href })
    await admin.command({ query: `create database ${database}` })
    await admin.close()
    url.pathname = `/${database}`
    const client = createClient({ url: url.href })
    await client.command({
      query: `create table ${sinkTable} (id String, customer_id String, amount_cents Int32, currency String, status String, note String)
        engine = MergeTree order by id settings non_replicated_deduplication_window = 1000`,
    })
    const first = async (query: string): Promise<Record<string, string>> => {
      const [row] = await (await client.query({ query, format: 'JSONEachRow' })).json<Record<string, string>>()
      return row ?? {}
    }
    return {
      url: url.href,
      written: async () => Number((await first(`select count() as count from ${sinkTable}`)).count),
      digest: async () => {
        const { count, digest } = await first(`select count() as count, sum(cityHash64(*)) as digest from ${sinkTable}`)
        return `rows: ${count} with digest ${digest}`
      },
      [Symbol.asyncDispose]: () => client.close(),
    }
  }
  return { table, [Symbol.asyncDispose]: () => server.close() }
}
