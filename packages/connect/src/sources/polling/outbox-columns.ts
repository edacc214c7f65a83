import { connectError } from '../../errors.ts'
import { requiredColumns } from './polling-database.ts'

/** @throws CONNECT_COLUMN_MISSING */
export function checkColumns(table: string, found: readonly string[]): void {
  const missing = requiredColumns.filter((name) => !found.includes(name))
  if (missing.length === 0) return
  throw connectError('CONNECT_COLUMN_MISSING', `outbox table ${table} has no column ${missing.join(', ')}`, { table })
}

export function tableMissing(table: string): Error {
  return connectError('CONNECT_TABLE_MISSING', `the database has no table ${table}`, { table })
}
