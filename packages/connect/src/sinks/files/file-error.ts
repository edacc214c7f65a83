import { type ErrorFields, isMillraceError, type MillraceError } from '@millrace/base'
import { connectError } from '../../errors.ts'

/** An error of the file system as one of ours. */
export function fileError(error: unknown, doing: string, fields: ErrorFields): MillraceError {
  if (isMillraceError(error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  // EEXIST: another instance takes the partition over at this moment.
  const isAccess = code === 'EACCES' || code === 'EPERM' || code === 'ENOTDIR' || code === 'EISDIR'
  const kind = isAccess
    ? 'DATABASE_ACCESS_DENIED'
    : code === undefined
      ? 'DATABASE_STATEMENT_FAILED'
      : 'DATABASE_UNAVAILABLE'
  return connectError(kind, `${doing}: ${message}`, fields, error)
}
