import type { ClientBase } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, quoteTable, type TableName, tableText } from '../../postgres/identifiers.ts'
import { codeOf } from '../../postgres/postgres-errors.ts'
import type { PostgresSinkOptions } from './sink-options.ts'
import { createTableStatement, deleteStatement, type StatementColumn, writeStatement } from './statements.ts'
import { inferredType, type TextEncoder, textEncoder } from './text-values.ts'

/** How the columns of one row are made from a record, and the statements that write them. */
export interface TablePlan {
  readonly columns: readonly PlannedColumn[]
  readonly keyColumns: readonly PlannedColumn[]
  /** Fields of a value that have a column; undefined where others are left out on purpose. */
  readonly knownFields: ReadonlySet<string> | undefined
  readonly writeSql: string
  readonly deleteSql: string
}

export interface PlannedColumn extends StatementColumn {
  readonly value: (value: unknown, key: unknown) => unknown
  readonly encode: TextEncoder
}

type Options = PostgresSinkOptions<unknown, unknown>

/** Reads the table, or creates it from the options or the first value, and settles which column takes what. */
export async function planTable(
  client: ClientBase,
  table: TableName,
  options: Options,
  first: { readonly value: unknown; readonly key: unknown } | undefined,
): Promise<TablePlan | undefined> {
  const keys = keyNames(options)
  let existing = await readColumns(client, table)
  if (existing.size === 0) {
    const wanted = options.columns ? declaredColumns(options, keys) : first && inferredColumns(first, options, keys)
    // Without columns or a value there is nothing to make a table of: a later record brings one.
    if (!wanted) return undefined
    await createTable(client, table, wanted, options.mode === 'upsert')
    existing = await readColumns(client, table)
  }
  const chosen = options.columns ? Object.keys(options.columns) : [...existing.keys()]
  const names = [...new Set([...keys, ...chosen])]
  const missing = names.filter((name) => !existing.has(name))
  if (missing.length > 0) throw mismatch(table, `has no column ${missing.map(quoteIdentifier).join(', ')}`)
  if (options.mode === 'upsert') await checkUniqueKey(client, table, keys)
  const columns = names.map((name) => planned(name, existing.get(name)!, keys, options))
  const keyColumns = columns.filter((column) => column.isKey)
  return {
    columns,
    keyColumns,
    knownFields: options.columns ? undefined : new Set(names),
    writeSql: writeStatement(table, columns, options.mode === 'upsert'),
    deleteSql: keyColumns.length > 0 ? deleteStatement(table, keyColumns) : '',
  }
}

export function mismatch(table: TableName, what: string): Error {
  const text = tableText(table)
  return connectError('POSTGRES_TABLE_MISMATCH', `table ${text} ${what}`, { table: text })
}

function keyNames({ key = 'key' }: Options): readonly string[] {
  return typeof key === 'string' ? [key] : key
}

function planned(name: string, type: string, keys: readonly string[], options: Options): PlannedColumn {
  const isKey = keys.includes(name)
  const declared = options.columns?.[name]
  const ofKey = typeof (options.key ?? 'key') === 'string' ? (_: unknown, key: unknown) => key : fieldOfKey(name)
  const ofValue = (value: unknown): unknown => (value as Record<string, unknown> | null)?.[name]
  const value = typeof declared === 'object' ? declared.value : isKey ? ofKey : ofValue
  return { name, type, isKey, value, encode: textEncoder(type) }
}

function fieldOfKey(name: string): (value: unknown, key: unknown) => unknown {
  return (_, key) => (key as Record<string, unknown> | null)?.[name]
}

function declaredColumns(options: Options, keys: readonly string[]): StatementColumn[] {
  const columns = Object.entries(options.columns ?? {}).map(([name, column]) => ({
    name,
    type: typeof column === 'string' ? column : column.type,
    isKey: keys.includes(name),
  }))
  const untyped = keys.filter((key) => options.columns?.[key] === undefined)
  return [...untyped.map((name) => ({ name, type: 'text', isKey: true })), ...columns]
}

function inferredColumns(
  first: { readonly value: unknown; readonly key: unknown },
  options: Options,
  keys: readonly string[],
): StatementColumn[] | undefined {
  const { value, key } = first
  if (typeof value !== 'object' || value === null) return undefined
  const keyValue = (name: string): unknown =>
    typeof (options.key ?? 'key') === 'string' ? key : (key as Record<string, unknown> | null)?.[name]
  const fields = Object.entries(value).filter(([name]) => !keys.includes(name))
  return [
    ...keys.map((name) => ({ name, type: inferredType(keyValue(name)), isKey: true })),
    ...fields.map(([name, field]) => ({ name, type: inferredType(field), isKey: false })),
  ]
}

async function createTable(
  client: ClientBase,
  table: TableName,
  columns: readonly StatementColumn[],
  isUpsert: boolean,
): Promise<void> {
  try {
    await client.query(createTableStatement(table, columns, isUpsert))
  } catch (error) {
    // Another instance was creating it at the same moment.
    if (codeOf(error) !== '23505' && codeOf(error) !== '42P07') throw error
  }
}

async function readColumns(client: ClientBase, table: TableName): Promise<Map<string, string>> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `select a.attname as name, format_type(a.atttypid, null) as type
       from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and a.attidentity = ''
      order by a.attnum`,
    [table.schema, table.name],
  )
  return new Map(rows.map((row) => [row.name, row.type]))
}

async function checkUniqueKey(client: ClientBase, table: TableName, keys: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ columns: string[] }>(
    `select array(select a.attname::text from pg_attribute a
                   where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[])) as columns
       from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and i.indisunique and i.indpred is null`,
    [table.schema, table.name],
  )
  const wanted = [...keys].sort().join('\0')
  if (rows.some((row) => [...row.columns].sort().join('\0') === wanted)) return
  const list = keys.map(quoteIdentifier).join(', ')
  throw mismatch(
    table,
    `has no primary key or unique index on (${list}), which upserts need; run: ALTER TABLE ${quoteTable(table)} ADD PRIMARY KEY (${list})`,
  )
}
