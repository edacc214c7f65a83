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
