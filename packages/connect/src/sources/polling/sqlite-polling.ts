import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type Clock, isMillraceError, sleep, systemClock } from '@millrace/base'
import { connectError } from '../../errors.ts'
import { checkColumns, tableMissing } from './outbox-columns.ts'
import type { PolledRow, PollingDatabase, PositionRange, ReadLimits, ReadScope, RowKey } from './polling-database.ts'
import { readText } from './read-text.ts'

/** How long a statement is tried again while others write. SQLite's own waiting would stop everything in this process. */
const busyTimeoutMs = 5_000
const busyPollMs = 5
const busyCode = 5

/** An outbox in a file of SQLite, on this machine. */
export async function openSqlite(path: string, tableName: string): Promise<PollingDatabase> {
  const { DatabaseSync } = await import('node:sqlite')
  let db: DatabaseSync | undefined
  try {
    // An existing file only: a path that was mistyped would otherwise become an empty database.
    db = new DatabaseSync(`file:${encodeURI(path).replaceAll('?', '%3f').replaceAll('#', '%23')}?mode=rw`)
    db.exec('pragma busy_timeout = 0')
    const names = db.prepare('select name from pragma_table_info(?)').all(tableName)
    if (names.length === 0) throw tableMissing(tableName)
    const columns = names.map((row) => String(row.name).toLowerCase())
    checkColumns(tableName, columns)
    return new SqlitePolling(db, `"${tableName.replaceAll('"', '""')}"`, columns)
  } catch (error) {
    db?.close()
    throw sqliteError(error, `opening ${path}`)
  }
}

class SqlitePolling implements PollingDatabase {
  readonly #db: DatabaseSync
  readonly #table: string
  readonly #columns: string
  readonly #clock: Clock = systemClock

  constructor(db: DatabaseSync, table: string, names: readonly string[]) {
    this.#db = db
    this.#table = table
    this.#columns = [
      'o.position',
      'o.id',
      'o.aggregatetype as aggregateType',
      'o.aggregateid as aggregateId',
      'o.type',
      'cast(o.payload as blob) as payload',
      `${names.includes('headers') ? 'o.headers' : 'null'} as headers`,
      `${names.includes('timestamp') ? 'o.timestamp' : 'null'} as timestampMs`,
    ].join(', ')
  }

  async read({ afterPosition }: ReadScope, { maxRows, maxBytes }: ReadLimits): Promise<PolledRow[]> {
    const text = readText({
      lookup: 'join on position',
      table: this.#table,
      columns: this.#columns,
      where: afterPosition === undefined ? '' : `position > ${afterPosition}`,
      length: (column) => `length(cast(${column} as blob))`,
      maxRows: '?',
      maxBytes: '?',
    })
    return (await this.#all('reading the outbox', text, maxRows, maxBytes)).map((row) => ({
      position: Number(row.position),
      id: String(row.id),
      aggregateType: String(row.aggregateType),
      aggregateId: row.aggregateId === null ? null : String(row.aggregateId),
      type: row.type === null ? null : String(row.type),
      payload: row.payload === null ? null : Buffer.from(row.payload as Uint8Array),
      headers: row.headers === null ? null : String(row.headers),
      timestampMs: row.timestampMs === null ? undefined : Number(row.timestampMs),
    }))
  }

  async remove(rows: readonly RowKey[]): Promise<number> {
    const ids = JSON.stringify(rows.map((row) => row.id))
    const text = `delete from ${this.#table} where id in (select value from json_each(?)) returning 1`
    return (await this.#all('deleting published rows', text, ids)).length
  }

  async find(ranges: readonly PositionRange[]): Promise<RowKey[]> {
    const conditions = ranges.map(([first, last]) => `position between ${first} and ${last}`)
    const text = `select position, id from ${this.#table} where ${conditions.join(' or ')} order by position`
    return (await this.#all('looking for published rows', text)).map((row) => ({
      position: Number(row.position),
      id: String(row.id),
    }))
  }

  async close(): Promise<void> {
    this.#db.close()
  }

  async #all(doing: string, text: string, ...values: SQLInputValue[]): Promise<Record<string, unknown>[]> {
    const deadline = this.#clock.now() + busyTimeoutMs
    for (;;) {
      try {
        return this.#db.prepare(text).all(...values)
      } catch (error) {
        if (primaryCodeOf(error) !== busyCode || this.#clock.now() > deadline) throw sqliteError(error, doing)
      }
      await sleep(this.#clock, busyPollMs)
    }
  }
}

function primaryCodeOf(error: unknown): number {
  return ((error as { errcode?: number } | null)?.errcode ?? 0) & 0xff
}

/** SQLite's primary codes: busy, locked, out of memory, interrupted, I/O, full, cannot open, protocol. */
const environmentCodes = new Set([5, 6, 7, 9, 10, 13, 15])
const accessCodes = new Set([3, 8, 14, 23, 26])

function sqliteError(error: unknown, doing: string): Error {
  if (isMillraceError(error)) return error
  const { message } = (error ?? {}) as { message?: unknown }
  const primary = primaryCodeOf(error)
  const reason = `${doing}: ${String(message)}`
  if (environmentCodes.has(primary)) return connectError('DATABASE_UNAVAILABLE', reason, {}, error)
  if (accessCodes.has(primary)) return connectError('DATABASE_ACCESS_DENIED', reason, {}, error)
  return connectError('DATABASE_STATEMENT_FAILED', reason, {}, error)
}
