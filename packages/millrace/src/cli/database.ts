import type { Client } from 'pg'
import { millraceError } from '../errors.ts'

/**
 * Runs `work` on one PostgreSQL connection. The driver is the project's own: it is loaded only here.
 * @throws DATABASE_DRIVER_MISSING when the driver is not installed, DATABASE_UNREACHABLE when the database does not answer.
 */
export async function withDatabase<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg').catch((error: unknown) => {
    throw millraceError('DATABASE_DRIVER_MISSING', 'the package "pg" is not installed here', {}, error)
  })
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  await client.connect().catch((error: unknown) => {
    throw millraceError('DATABASE_UNREACHABLE', `no connection to the database: ${(error as Error).message}`, {}, error)
  })
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

interface SqlClient {
  query(sql: string): Promise<unknown>
}

/**
 * The same on MySQL or MariaDB.
 * @throws DATABASE_DRIVER_MISSING, DATABASE_UNREACHABLE
 */
export async function withMysql<T>(url: string, work: (client: SqlClient) => Promise<T>): Promise<T> {
  const { createConnection } = await import('mysql2/promise').catch((error: unknown) => {
    throw millraceError('DATABASE_DRIVER_MISSING', 'the package "mysql2" is not installed here', {}, error)
  })
  const client = await createConnection(url.replace(/^mariadb:/, 'mysql:')).catch((error: unknown) => {
    throw millraceError('DATABASE_UNREACHABLE', `no connection to the database: ${(error as Error).message}`, {}, error)
  })
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/**
 * The same on a file of SQLite, which is created where it is missing.
 * @throws DATABASE_UNREACHABLE
 */
export async function withSqlite<T>(url: string, work: (client: SqlClient) => Promise<T>): Promise<T> {
  const { DatabaseSync } = await import('node:sqlite')
  const path = url.replace(/^(sqlite|file):(\/\/(?=\/))?/, '')
  let db: InstanceType<typeof DatabaseSync>
  try {
    db = new DatabaseSync(path)
  } catch (error) {
    throw millraceError('DATABASE_UNREACHABLE', `${path} cannot be opened: ${(error as Error).message}`, {}, error)
  }
  try {
    return await work({ query: async (sql) => db.exec(sql) })
  } finally {
    db.close()
  }
}
