import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import { connectError } from '../../errors.ts'
import { addressOf } from '../../postgres/driver.ts'
import { mysqlError } from './mysql-errors.ts'
import { checkColumns, tableMissing } from './outbox-columns.ts'
import type { PolledRow, PollingDatabase, PositionRange, ReadLimits, ReadScope, RowKey } from './polling-database.ts'
import { readText } from './read-text.ts'

const connectTimeoutMs = 10_000
const closeTimeoutMs = 500

/** An outbox in MySQL or MariaDB. */
export async function openMysql(url: string, tableName: string, connector: string): Promise<PollingDatabase> {
  const connection = await connect(url)
  try {
    // READ COMMITTED: each statement sees what is committed, and a delete locks the rows it deletes and no gaps.
    await connection.query('set session transaction isolation level read committed')
    const [rows] = await connection.query<RowDataPacket[]>(
      `select column_name as name, data_type as type from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ?`,
      partsOf(tableName),
    )
    if (rows.length === 0) throw tableMissing(tableName)
    const types = new Map(rows.map((row) => [String(row.name).toLowerCase(), String(row.type).toLowerCase()]))
    checkColumns(tableName, [...types.keys()])
    return new MysqlPolling(connection, quoted(tableName), columnsOf(types), lockName(connector))
  } catch (error) {
    connection.destroy()
    throw mysqlError(error, `reading the columns of ${tableName}`)
  }
}

/** Whether an instance of the connector holds its lock. */
export async function isMysqlOccupied(url: string, connector: string): Promise<boolean> {
  const connection = await connect(url)
  try {
    const [rows] = await connection.query<RowDataPacket[]>('select is_used_lock(?) as owner', [lockName(connector)])
    return rows[0]?.owner != null
  } catch (error) {
    throw mysqlError(error, 'asking for other instances')
  } finally {
    connection.destroy()
  }
}

async function connect(url: string): Promise<Connection> {
  const { createConnection } = await loadMysql2()
  try {
    const connection = await createConnection({
      uri: url.replace(/^mariadb:/, 'mysql:'),
      charset: 'utf8mb4',
      supportBigNumbers: true,
      connectTimeout: connectTimeoutMs,
      enableKeepAlive: true,
    })
    // Without a listener the loss of an idle connection would end the process; the next query reports it.
    connection.on('error', () => {})
    return connection
  } catch (error) {
    throw mysqlError(error, `connecting to ${addressOf(url)}`)
  }
}

async function loadMysql2(): Promise<typeof import('mysql2/promise')> {
  try {
    return await import('mysql2/promise')
  } catch (error) {
    throw connectError('DATABASE_DRIVER_MISSING', 'the package "mysql2" is not installed', {}, error)
  }
}

/** Names of locks have 64 characters at most. */
function lockName(connector: string): string {
  return `millrace/${connector}`.slice(0, 64)
}

function partsOf(table: string): [string | null, string] {
  const parts = table.split('.')
  return [parts.length > 1 ? parts[0]! : null, parts.at(-1)!]
}

function quoted(table: string): string {
  return table
    .split('.')
    .map((part) => `\`${part.replaceAll('`', '``')}\``)
    .join('.')
}

function columnsOf(types: ReadonlyMap<string, string>): string {
  return [
    'o.position',
    'o.id',
    'o.aggregatetype as aggregateType',
    'o.aggregateid as aggregateId',
    'o.type',
    // The driver parses JSON, and printing it again would make other bytes of it.
    `${types.get('payload') === 'json' ? 'cast(o.payload as char)' : 'o.payload'} as payload`,
    `${types.has('headers') ? 'cast(o.headers as char)' : 'null'} as headers`,
    `${types.has('timestamp') ? 'o.timestamp' : 'null'} as timestampMs`,
  ].join(', ')
}

class MysqlPolling implements PollingDatabase {
  readonly #connection: Connection
  readonly #table: string
  readonly #columns: string
  readonly #lock: string
  #isLocked = false

  constructor(connection: Connection, table: string, columns: string, lock: string) {
    this.#connection = connection
    this.#table = table
    this.#columns = columns
    this.#lock = lock
  }

  async read({ afterPosition }: ReadScope, { maxRows, maxBytes }: ReadLimits): Promise<PolledRow[]> {
    const text = readText({
      lookup: 'join on position',
      table: this.#table,
      columns: this.#columns,
      where: afterPosition === undefined ? '' : `position > ${afterPosition}`,
      length: (column) => `octet_length(${column})`,
      maxRows: String(maxRows),
      maxBytes: String(maxBytes),
    })
    // Others see by it that this instance is at work; a predecessor that was fenced lets go of it soon.
    if (!this.#isLocked) {
      const [held] = await this.#query<RowDataPacket[]>('taking the lock', 'select get_lock(?, 0) as held', [
        this.#lock,
      ])
      this.#isLocked = held[0]?.held === 1
    }
    const [rows] = await this.#query<RowDataPacket[]>('reading the outbox', text)
    return rows.map((row) => ({
      position: Number(row.position),
      id: String(row.id),
      aggregateType: String(row.aggregateType),
      aggregateId: row.aggregateId === null ? null : String(row.aggregateId),
      type: row.type === null ? null : String(row.type),
      payload: payloadOf(row.payload),
      headers: row.headers === null ? null : String(row.headers),
      timestampMs: timeOf(row.timestampMs),
    }))
  }

  async remove(rows: readonly RowKey[]): Promise<number> {
    const text = `delete from ${this.#table} where position in (?) and id in (?)`
    const values = [rows.map((row) => row.position), rows.map((row) => row.id)]
    return (await this.#query<ResultSetHeader>('deleting published rows', text, values))[0].affectedRows
  }

  async find(ranges: readonly PositionRange[]): Promise<RowKey[]> {
    const conditions = ranges.map(([first, last]) => `position between ${first} and ${last}`)
    const text = `select position, id from ${this.#table} where ${conditions.join(' or ')} order by position`
    const [rows] = await this.#query<RowDataPacket[]>('looking for published rows', text)
    return rows.map((row) => ({ position: Number(row.position), id: String(row.id) }))
  }

  async close(): Promise<void> {
    // Behind a statement that waits for a lock, a polite end would wait as well.
    const isEnded = this.#connection.end().then(
      () => true,
      () => false,
    )
    const late = new Promise<false>((resolve) => setTimeout(resolve, closeTimeoutMs, false).unref())
    if (!(await Promise.race([isEnded, late]))) this.#connection.destroy()
  }

  async #query<T extends RowDataPacket[] | ResultSetHeader>(
    doing: string,
    text: string,
    values: unknown[] = [],
  ): Promise<[T, unknown]> {
    try {
      return await this.#connection.query<T>(text, values)
    } catch (error) {
      throw mysqlError(error, doing)
    }
  }
}

function payloadOf(value: unknown): Buffer | null {
  return value === null || Buffer.isBuffer(value) ? value : Buffer.from(String(value))
}

function timeOf(value: unknown): number | undefined {
  if (value instanceof Date) return value.getTime()
  return value === null ? undefined : Number(value)
}
