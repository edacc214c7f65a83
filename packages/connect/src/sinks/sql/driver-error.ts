import { type ErrorFields, isMillraceError, type MillraceError } from '@millrace/base'
import { connectError } from '../../errors.ts'
import type { FailureClass } from './dialect.ts'

/** An error of a driver as one of ours, by what it is about. */
export function driverError(
  error: unknown,
  found: FailureClass,
  doing: string,
  fields: ErrorFields & { readonly databaseCode?: string | number | undefined } = {},
): MillraceError {
  if (isMillraceError(error)) return error
  const reason = error instanceof Error && error.message !== '' ? error.message : String(error)
  const codes = {
    environment: 'DATABASE_UNAVAILABLE',
    access: 'DATABASE_ACCESS_DENIED',
    table: 'DATABASE_STATEMENT_FAILED',
    record: 'DATABASE_STATEMENT_FAILED',
    other: 'DATABASE_STATEMENT_FAILED',
  } as const
  return connectError(codes[found], `${doing}: ${reason}`, fields, error)
}
