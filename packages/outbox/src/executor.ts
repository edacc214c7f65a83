import type { Dialect, Statement } from './dialect.ts'
import { outboxError } from './errors.ts'

/** A transaction of some database client, as the outbox and the inbox use one. */
export interface Executor {
  readonly dialect: Dialect
  /** @throws OUTBOX_NOT_A_TRANSACTION where the handle tells that no transaction is open on it */
  check(): void
  /** Runs one statement; how many rows it changed. */
  run(statement: Statement): Promise<number>
}

/** The same over a driver whose calls return results instead of promises. */
export interface SyncExecutor {
  readonly dialect: Dialect
  check(): void
  run(statement: Statement): number
}

export function notATransaction(message: string): Error {
  return outboxError('OUTBOX_NOT_A_TRANSACTION', message)
}

/** Checks, runs, and tells which migration is due where the table is missing. */
export async function execute(executor: Executor, table: string, statement: Statement): Promise<number> {
  executor.check()
  return executeUnchecked(executor, table, statement)
}

/** For statements that need no transaction around them. */
export async function executeUnchecked(executor: Executor, table: string, statement: Statement): Promise<number> {
  try {
    return await executor.run(statement)
  } catch (cause) {
    throw explained(cause, table)
  }
}

export function executeSync(executor: SyncExecutor, table: string, statement: Statement): number {
  executor.check()
  try {
    return executor.run(statement)
  } catch (cause) {
    throw explained(cause, table)
  }
}

function explained(cause: unknown, table: string): unknown {
  if (!isMissingTable(cause)) return cause
  return outboxError('OUTBOX_TABLE_MISSING', `the database has no table ${table}`, { table }, cause)
}

/** PostgreSQL's code and MySQL's; SQLite has none of its own for it, but a sentence, to which tools add their statement. */
const missingTable = /^(42P01|ER_NO_SUCH_TABLE|1146|TableDoesNotExist)$/
const missingTableText = /^(.* - )?(SQLITE_ERROR: )?no such table: \S+$/s
const depthMax = 5

/** Tools wrap the driver's error, each under another name. */
function isMissingTable(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > depthMax) return false
  const { code, errno, kind, originalCode, message } = error as Record<string, unknown>
  if ([code, errno, kind, originalCode].some((value) => missingTable.test(String(value)))) return true
  if (typeof message === 'string' && missingTableText.test(message)) return true
  const { cause, driverError, meta, driverAdapterError } = error as Record<string, unknown>
  return [cause, driverError, meta, driverAdapterError].some((inner) => isMissingTable(inner, depth + 1))
}
