import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { connectError } from '../../errors.ts'
import type { RowValues, SqlConnection, SqlPool, SqlResult } from '../sql/dialect.ts'

/** Another process that writes is waited for so long; then the sink tries again later. */
const busyTimeoutMs = 1_000
/** So many rows are written before other work of the process has its turn. */
const sliceRows = 500

export async function openSqlite(file: string): Promise<SqlPool> {
  let sqlite: typeof import('node:sqlite')
  try {
    sqlite = await import('node:sqlite')
  } catch (error) {
    throw connectError('DATABASE_DRIVER_MISSING', 'this Node.js has no node:sqlite', {}, error)
  }
  return new SqlitePool(() => new sqlite.DatabaseSync(file, { timeout: busyTimeoutMs }))
}

/** One connection that takes turns: SQLite has one writer. */
class SqlitePool implements SqlPool {
  readonly #open: () => DatabaseSync
  #connection: SqliteConnection | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(open: () => DatabaseSync) {
    this.#open = open
  }

  async connect(): Promise<SqlConnection> {
    const previous = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    await previous
    try {
      this.#connection ??= new SqliteConnection(this.#open())
    } catch (error) {
      resolve()
      throw error
    }
    const connection = this.#connection
    connection.onRelease = (isBroken) => {
      if (isBroken) {
        connection.close()
        this.#connection = undefined
      }
      resolve()
    }
    return connection
  }

  async close(): Promise<void> {
    await this.#turn
    this.#connection?.close()
    this.#connection = undefined
  }
}

export class SqliteConnection implements SqlConnection {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  onRelease: (isBroken: boolean) => void = () => {}

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async query(sql: string, values?: readonly unknown[]): Promise<SqlResult> {
    if (!values) {
      this.#database.exec(sql)
      return { rows: [], affected: 0 }
    }
    const statement = this.#prepared(sql)
    if (statement.columns().length > 0) {
      return { rows: statement.all(...(values as SQLInputValue[])) as Record<string, unknown>[], affected: 0 }
    }
    return { rows: [], affected: Number(statement.run(...(values as SQLInputValue[])).changes) }
  }

  /** Runs one statement for each row, its values in the given order. Answers how many rows it changed. */
  async runAll(sql: string, rows: readonly RowValues[], order: readonly number[] | undefined): Promise<number> {
    const statement = this.#prepared(sql)
    let changed = 0
    for (let i = 0; i < rows.length; i++) {
      const values = rows[i]!.values as SQLInputValue[]
      changed += Number(statement.run(...(order ? order.map((at) => values[at]!) : values)).changes)
      if (i % sliceRows === sliceRows - 1) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    return changed
  }

  release(isBroken: boolean): void {
    this.onRelease(isBroken)
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
}
