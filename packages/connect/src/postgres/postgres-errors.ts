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
  // Data exception, constraint, program limit (an index entry too large), an exception raised by a trigger.
  if (group === '22' || group === '23' || code === '54000' || code === 'P0001') return 'record'
  if (group === '42') return 'table'
  return 'other'
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
