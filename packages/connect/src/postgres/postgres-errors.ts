import { type ErrorFields, isMillraceError, type MillraceError } from '@millrace/base'
import { connectError } from '../errors.ts'

/** What an error of the database is about. */
export type FailureClass = 'environment' | 'record' | 'table' | 'access' | 'pooler' | 'other'

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])

/** What the driver says when its connection is gone; it has no codes for these. */
const connectionMessages = /connection terminated|connection error|client was closed|timeout (expired|exceeded)|socket/i

/** PostgreSQL's SQLSTATE, or Node's code, of an error. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** Classes of PostgreSQL's appendix "Error Codes", and Node's codes. */
const serverClasses =
  /^(0[01238ABFLPZ]|10|2[0-8BDF]|3[489BDF]|4[024]|5[34578]|58|72|F0|HV|P0)[0-9A-Z]{3}$|^XX00[012]$|^[A-Z]+_|^E[A-Z]+$/

function isServersOwn(code: string): boolean {
  return !/^[0-9A-Z]{5}$/.test(code) || serverClasses.test(code)
}

/**
 * Sorts an error by what helps: waiting (environment), setting the record aside (record), changing the table (table) or
 * the configuration (access, pooler).
 */
export function classify(error: unknown): FailureClass {
  const code = codeOf(error)
  const message = error instanceof Error ? error.message : ''
  if (networkCodes.has(code)) return 'environment'
  if (code === '') return connectionMessages.test(message) ? 'environment' : 'other'
  if (/startup parameter/i.test(message)) return 'pooler'
  const group = code.slice(0, 2)
  // Connection, transaction rollback (deadlock), resources (disk full), operator intervention, system error.
  if (['08', '40', '53', '57', '58'].includes(group)) return 'environment'
  // Lock not available; a read-only server is a standby in the middle of a failover.
  if (code === '55P03' || code === '25006') return 'environment'
  if (group === '28' || code === '3D000' || code === '42501') return 'access'
  // Data exception, constraint, check option of a view, an exception raised by a trigger, program limit (an index entry too large).
  if (group === '22' || group === '23' || group === '44' || group === 'P0' || code === '54000') return 'record'
  if (group === '42') return 'table'
  // What no server says is the code that a trigger or function gave its own exception.
  return isServersOwn(code) ? 'other' : 'record'
}

/** An error of the driver as one of ours; `doing` completes "PostgreSQL refused to …" or "lost PostgreSQL while …". */
export function postgresError(error: unknown, doing: string, fields: ErrorFields = {}): MillraceError {
  if (isMillraceError(error)) return error
  const reason = error instanceof Error && error.message !== '' ? error.message : codeOf(error) || String(error)
  const all = { ...fields, sqlstate: codeOf(error) || undefined }
  switch (classify(error)) {
    case 'environment':
      return connectError('POSTGRES_UNAVAILABLE', `${doing}: ${reason}`, all, error)
    case 'access':
      if (codeOf(error) === '42501') return connectError('POSTGRES_NO_RIGHT', `${doing}: ${reason}`, all, error)
      return connectError('POSTGRES_ACCESS_DENIED', `${doing}: ${reason}`, all, error)
    case 'pooler':
      return connectError('POSTGRES_POOLER', `${doing}: ${reason}`, all, error)
    case 'record':
      if (codeOf(error) === '22021') return connectError('POSTGRES_TEXT_INVALID', `${doing}: ${reason}`, all, error)
      return connectError('POSTGRES_STATEMENT_FAILED', `${doing}: ${reason}`, all, error)
    case 'table':
    case 'other':
      return connectError('POSTGRES_STATEMENT_FAILED', `${doing}: ${reason}`, all, error)
  }
}
