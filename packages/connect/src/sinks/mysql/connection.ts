import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { connectError } from '../../errors.ts'
import type { SqlConnection, SqlPool, SqlResult } from '../sql/dialect.ts'

const connectTimeoutMs = 10_000

/**
 * What each session is told: to refuse values that do not fit instead of bending them, to read times as UTC, and to take
 * backslashes as the driver writes them.
 */
const sessionSettings = "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'"

/** `mysql2` is an optional peer: only who uses a MySQL or MariaDB connector has it. */
export async function openMysql(url: string, connections: number): Promise<SqlPool> {
  let mysql: typeof import('mysql2/promise')
  try {
    mysql = await import('mysql2/promise')
  } catch (error) {
    throw connectError('DATABASE_DRIVER_MISSING', 'the package "mysql2" is not installed', {}, error)
  }
  const pool = mysql.createPool({
    uri: url,
    connectionLimit: connections,
    connectTimeout: connectTimeoutMs,
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    // Rows that an update found, not those that it changed: the offset row is found or it is another's.
    flags: ['FOUND_ROWS'],
  })
  return new MysqlPool(pool)
}

class MysqlPool implements SqlPool {
  readonly #pool: Pool
  /** Connections that are set up, and how long their statements may be. */
  readonly #prepared = new WeakMap<object, number>()
  #server: Promise<boolean> | undefined

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async connect(): Promise<SqlConnection> {
    const connection = await this.#pool.getConnection()
    try {
      // The pool's connections outlive their wrappers.
      const core = connection.connection
      let maxBytes = this.#prepared.get(core)
      if (maxBytes === undefined) {
        await connection.query(sessionSettings)
        maxBytes = await maxPacketBytes(connection)
        this.#prepared.set(core, maxBytes)
      }
      this.#server ??= isMariaDb(connection)
      return new MysqlConnection(connection, await this.#server, maxBytes)
    } catch (error) {
      this.#server = undefined
      connection.destroy()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}

/** The server closes the connection of a longer one, which looks like a failure of the network. */
async function maxPacketBytes(connection: PoolConnection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>('select @@max_allowed_packet as bytes')
  return Number(rows[0]?.bytes)
}

async function isMariaDb(connection: PoolConnection): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>('select version() as version')
  return /mariadb/i.test(String(rows[0]?.version))
}

export class MysqlConnection implements SqlConnection {
  readonly #connection: PoolConnection
  readonly isMariaDb: boolean
  /** How long a statement may be. */
  readonly maxBytes: number

  constructor(connection: PoolConnection, isMariaDb: boolean, maxBytes: number) {
    this.#connection = connection
    this.isMariaDb = isMariaDb
    this.maxBytes = maxBytes
  }

  async query(sql: string, values?: readonly unknown[]): Promise<SqlResult> {
    const [result] = values
      ? await this.#connection.query<RowDataPacket[] | ResultSetHeader>(sql, values as never)
      : await this.#connection.query<RowDataPacket[] | ResultSetHeader>(sql)
    if (Array.isArray(result)) return { rows: result, affected: 0 }
    return { rows: [], affected: result.affectedRows }
  }

  release(isBroken: boolean): void {
    if (isBroken) this.#connection.destroy()
    else this.#connection.release()
  }
}
