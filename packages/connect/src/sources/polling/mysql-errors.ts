import { isMillraceError, type MillraceError } from '@millrace/base'
import { connectError } from '../../errors.ts'

/** Too many connections, deadlock, lock wait, shutdown, disk full, read-only, killed connection. */
const environmentNumbers = new Set([
  1040, 1021, 1037, 1041, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1290, 1836, 1927, 3100,
])
/** Access denied, unknown database, password expired, account locked. */
const accessNumbers = new Set([1044, 1045, 1049, 1142, 1143, 1227, 1698, 1820, 3118, 3948])

/** An error of `mysql2` as one of ours; `doing` completes "the database failed while …". */
export function mysqlError(error: unknown, doing: string): MillraceError {
  if (isMillraceError(error)) return error
  const { errno, fatal, message } = (error ?? {}) as { errno?: unknown; fatal?: unknown; message?: unknown }
  const reason = `${doing}: ${typeof message === 'string' && message !== '' ? message : String(error)}`
  // Numbers of Node's own errors are negative.
  const number = typeof errno === 'number' && errno > 0 ? errno : undefined
  const fields = { errno: number }
  if (number !== undefined && accessNumbers.has(number))
    return connectError('DATABASE_ACCESS_DENIED', reason, fields, error)
  const isConnectionGone =
    number === undefined && (fatal === true || errno !== undefined || /connection|closed/i.test(reason))
  if (isConnectionGone || (number !== undefined && environmentNumbers.has(number))) {
    return connectError('DATABASE_UNAVAILABLE', reason, fields, error)
  }
  return connectError('DATABASE_STATEMENT_FAILED', reason, fields, error)
}
