import type { Client, Pool } from 'pg'
import { connectError } from '../errors.ts'
import { quoteIdentifier } from './identifiers.ts'
import { codeOf, postgresError } from './postgres-errors.ts'

const connectTimeoutMs = 10_000
const keepAliveDelayMs = 15_000

/** `pg` is an optional peer: only who uses a PostgreSQL connector has it. */
export async function loadPg(): Promise<typeof import('pg')> {
  try {
    return (await import('pg')).default as unknown as typeof import('pg')
  } catch (error) {
    throw connectError('POSTGRES_DRIVER_MISSING', 'the package "pg" is not installed', {}, error)
  }
}

export async function loadReplication(): Promise<typeof import('pg-logical-replication')> {
  try {
    return await import('pg-logical-replication')
  } catch (error) {
    throw connectError('POSTGRES_DRIVER_MISSING', 'the package "pg-logical-replication" is not installed', {}, error)
  }
}

/** Options of every connection of ours; the name shows in pg_stat_activity. */
export function connectionOptions(
  url: string,
  applicationName: string,
): {
  connectionString: string
  application_name: string
  keepAlive: boolean
  keepAliveInitialDelayMillis: number
  connectionTimeoutMillis: number
} {
  return {
    connectionString: url,
    application_name: applicationName.slice(0, 63),
    keepAlive: true,
    // A peer that is gone without a word shows within half a minute, and not after the two hours of the system's default.
    keepAliveInitialDelayMillis: keepAliveDelayMs,
    connectionTimeoutMillis: connectTimeoutMs,
  }
}

/** Statements that make the texts of values independent of the server's settings. */
export const textSettings = [
  "set timezone = 'UTC'",
  "set datestyle = 'ISO'",
  "set intervalstyle = 'iso_8601'",
  'set extra_float_digits = 1',
  "set bytea_output = 'hex'",
].join('; ')

/**
 * With `replication` a connection that speaks the replication protocol, which poolers refuse.
 *
 * @throws POSTGRES_UNAVAILABLE, POSTGRES_ACCESS_DENIED, POSTGRES_POOLER
 */
export async function connectClient(url: string, applicationName: string, replication = false): Promise<Client> {
  const pg = await loadPg()
  const options = { ...connectionOptions(url, applicationName), ...(replication && { replication: 'database' }) }
  const client = new pg.Client(options)
  // Without a listener the loss of an idle connection would end the process; the next query reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => {})
    const doing = `connecting to ${addressOf(url)}`
    if (codeOf(error) === '3D000') {
      const message = `${doing}: ${(error as Error).message}; run: CREATE DATABASE ${quoteIdentifier(databaseOf(url))}`
      throw connectError('POSTGRES_ACCESS_DENIED', message, {}, error)
    }
    throw postgresError(error, doing)
  }
}

export async function connectPool(url: string, applicationName: string, max: number): Promise<Pool> {
  const pg = await loadPg()
  const pool = new pg.Pool({ ...connectionOptions(url, applicationName), max })
  pool.on('error', () => {})
  // The pool listens to idle connections only: one that is reset under a statement would end the process, too.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Ends a connection at once, with whatever statement is under way: one that no answer may ever come to. */
export function abandon(client: Client | undefined): void {
  const { connection } = (client ?? {}) as unknown as { connection?: { stream?: { destroy(): void } } }
  connection?.stream?.destroy()
}

/** Host, port and database of a url, without user and password. */
export function addressOf(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `${host === '' ? 'the local socket' : host}${pathname}`
  } catch {
    return 'the database'
  }
}

/** The database a url names, for default names of connectors. */
export function databaseOf(url: string): string {
  try {
    return decodeURIComponent(new URL(url).pathname.slice(1)) || 'postgres'
  } catch {
    return 'postgres'
  }
}
