import { quoteIdentifier, quoteTable, type TableName } from '../../postgres/identifiers.ts'

export interface StatementColumn {
  readonly name: string
  /** As `format_type` prints it. */
  readonly type: string
  readonly isKey: boolean
}

export function createTableStatement(table: TableName, columns: readonly StatementColumn[], isUpsert: boolean): string {
  const keys = columns.filter((column) => column.isKey).map((column) => quoteIdentifier(column.name))
  const lines = columns.map((column) => `${quoteIdentifier(column.name)} ${column.type}`)
  if (isUpsert) lines.push(`primary key (${keys.join(', ')})`)
  return `create table if not exists ${quoteTable(table)} (${lines.join(', ')})`
}

/** Inserts rows given as one array parameter per column. */
export function writeStatement(table: TableName, columns: readonly StatementColumn[], isUpsert: boolean): string {
  const names = columns.map((column) => quoteIdentifier(column.name))
  const insert = `insert into ${quoteTable(table)} (${names.join(', ')}) select ${selectList(columns)} from ${unnest(columns)}`
  if (!isUpsert) return insert
  const keys = columns.filter((column) => column.isKey).map((column) => quoteIdentifier(column.name))
  const updates = columns
    .filter((column) => !column.isKey)
    .map((column) => `${quoteIdentifier(column.name)} = excluded.${quoteIdentifier(column.name)}`)
  const action = updates.length === 0 ? 'do nothing' : `do update set ${updates.join(', ')}`
  return `${insert} on conflict (${keys.join(', ')}) ${action}`
}

/** Deletes rows by key, given as one array parameter per key column. */
export function deleteStatement(table: TableName, keys: readonly StatementColumn[]): string {
  const matches = keys.map((key, i) => `t.${quoteIdentifier(key.name)} = ${typed(key, i)}`)
  return `delete from ${quoteTable(table)} t using ${unnest(keys)} where ${matches.join(' and ')}`
}

/** unnest flattens arrays of arrays, so columns of array type travel as texts and are cast one by one. */
function isFlattened(column: StatementColumn): boolean {
  return column.type.endsWith('[]')
}

function unnest(columns: readonly StatementColumn[]): string {
  const parameters = columns.map((column, i) => `$${i + 1}::${isFlattened(column) ? 'text' : column.type}[]`)
  const names = columns.map((_, i) => `c${i}`)
  return `unnest(${parameters.join(', ')}) as u(${names.join(', ')})`
}

function typed(column: StatementColumn, index: number): string {
  return isFlattened(column) ? `u.c${index}::${column.type}` : `u.c${index}`
}

function selectList(columns: readonly StatementColumn[]): string {
  return columns.map(typed).join(', ')
}
