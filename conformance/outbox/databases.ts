import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after } from 'node:test'
import { type Dialect, inboxMigration, outboxMigration } from '@millrace/outbox'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { startMariaDb } from '../support/mariadb.ts'
import { startPostgres } from '../support/postgres.ts'

/** A database with the outbox, the inbox and a table of the service's own. */
export interface Fresh {
  /** Of SQLite the file. */
  readonly url: string
  /** Rows of a query, on a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Has something closed before the connection of `query` is. */
  closing(close: () => unknown): void
  close(): Promise<void>
}

export interface Databases {
  fresh(dialect: Dialect): Promise<Fresh>
  /** One without any table. */
  empty(dialect: Dialect): Promise<Fresh & { script(sql: string): Promise<unknown> }>
}

/** One server of each kind that a test file asks for; they end with the file. */
export function databases(): Databases {
  const closers: (() => unknown)[] = []
  const closing = (close: () => unknown): void => void closers.push(close)
  after(async () => {
    for (const close of closers.reverse()) await close()
  })
  const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
    let made: Promise<T> | undefined
    return () => (made ??= make())
  }
  const postgres = once(async () => {
    const server = await startPostgres()
    closing(() => server.close())
    return server
  })
  const mariadb = once(async () => {
    const server = await startMariaDb()
    closing(() => server.close())
    return server
  })
  const folder = once(async () => {
    const path = await mkdtemp(join(tmpdir(), 'millrace-sqlite-'))
    closing(() => rm(path, { recursive: true, force: true }))
    return path
  })
  let count = 0
  const places: Readonly<Record<Dialect, () => Promise<string>>> = {
    postgres: async () => (await postgres()).createDatabase(`test_${count++}`),
    mysql: async () => (await mariadb()).createDatabase(`test_${count++}`),
    sqlite: async () => join(await folder(), `test_${count++}.db`),
  }
  const empty = async (dialect: Dialect): Promise<Fresh & Pick<Connection, 'script'>> => {
    const url = await places[dialect]()
    const connection = await connect(dialect, url)
    const open: (() => unknown)[] = [connection.close]
    return {
      url,
      query: connection.query,
      script: connection.script,
      closing: (close) => void open.push(close),
      async close() {
        for (const close of open.reverse()) await close()
      },
    }
  }
  return {
    empty,
    async fresh(dialect) {
      const database = await empty(dialect)
      const nameType = dialect === 'sqlite' ? 'text' : 'varchar(100)'
      const effect = `create table effect (name ${nameType})`
      for (const sql of [outboxMigration({ dialect }), inboxMigration({ dialect }), effect]) await database.script(sql)
      return database
    },
  }
}

interface Connection {
  query(sql: string): Promise<Record<string, unknown>[]>
  script(sql: string): Promise<unknown>
  close(): unknown
}

async function connect(dialect: Dialect, url: string): Promise<Connection> {
  if (dialect === 'postgres') {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return {
      query: async (sql) => (await client.query(sql)).rows,
      script: (sql) => client.query(sql),
      close: () => client.end(),
    }
  }
  if (dialect === 'mysql') {
    const client = await createConnection(url)
    return {
      query: async (sql) => (await client.query(sql))[0] as Record<string, unknown>[],
      script: (sql) => client.query(sql),
      close: () => client.end(),
    }
  }
  const db = new DatabaseSync(url)
  db.exec('pragma journal_mode = wal; pragma busy_timeout = 5000')
  return {
    query: async (sql) => db.prepare(sql).all(),
    script: async (sql) => db.exec(sql),
    close: () => db.close(),
  }
}
