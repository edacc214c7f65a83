import { quoteIdentifier, quoteTable, type TableName } from '../../postgres/identifiers.ts'

export interface StatementColumn {
  readonly name: string
  /** As `format_type` prints it. */
  readonly type: string
  readonly isKey: boolean
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

/** Updates the rows that are there, by key, given as one array parameter per column. */
export function updateStatement(table: TableName, columns: readonly StatementColumn[]): string {
  const sets: string[] = []
  const matches: string[] = []
  for (const [i, column] of columns.entries()) {
    const name = quoteIdentifier(column.name)
    if (column.isKey) matches.push(`t.${name} = ${typed(column, i)}`)
    else sets.push(`${name} = ${typed(column, i)}`)
  }
  // A row that is all key has nothing to update; the statement still has to say something.
  if (sets.length === 0) sets.push(`${quoteIdentifier(columns[0]!.name)} = t.${quoteIdentifier(columns[0]!.name)}`)
  return `update ${quoteTable(table)} t set ${sets.join(', ')} from ${unnest(columns)} where ${matches.join(' and ')}`
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
