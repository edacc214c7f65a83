import { isMillraceError } from '@millrace/base'
import { DatabaseUnavailable } from './inbox-transaction.ts'

/** Node's codes of connections that cannot be opened or broke. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/**
 * SQLSTATE classes and codes after which the same statement may succeed without anyone changing it: connection (08),
 * resources (53), operator intervention (57P), read-only after a failover (25006), and conflicts with other transactions
 * (40001, 40P01, 55P03).
 */
const sqlStates = /^(08...|53...|57P..|25006|40001|40P01|55P03)$/

/**
 * True for errors that say nothing about the message: something it needs is away or busy. Such a message waits, however
 * long it takes, and is never set aside.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true
  if (isMillraceError(error)) return error.retriable
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && (networkCodes.has(code) || sqlStates.test(code))
}

/** Names and numbers that MySQL, SQLite and Prisma have for the same: deadlock, lock wait, connections, busy. */
const conflictCodes =
  /^(ER_LOCK_DEADLOCK|ER_LOCK_WAIT_TIMEOUT|ER_CON_COUNT_ERROR|ER_SERVER_SHUTDOWN|PROTOCOL_CONNECTION_LOST|SQLITE_BUSY.*|P1001|P1002|P1008|P1017|P2024|P2034)$/
const sqliteBusy = 5
const depthMax = 5

/**
 * Whether a transaction failed for a reason that passes by itself, as far as the error tells. Tools wrap the driver's error,
 * each under another name.
 */
export function isConflict(error: unknown, depth = 0): boolean {
  if (typeof error !== 'object' || error === null || depth > depthMax) return false
  const { code, errcode, cause, driverError } = error as Record<string, unknown>
  if (typeof code === 'string' && (networkCodes.has(code) || sqlStates.test(code) || conflictCodes.test(code)))
    return true
  if (typeof errcode === 'number' && (errcode & 0xff) === sqliteBusy) return true
  return isConflict(cause, depth + 1) || isConflict(driverError, depth + 1)
}
