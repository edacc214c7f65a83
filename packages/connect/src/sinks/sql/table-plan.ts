import type { ConnectSchema } from '../../data/schema.ts'
import { connectError } from '../../errors.ts'
import type { DecodedRecord } from '../record-decoder.ts'
import {
  type CanonicalKey,
  type Encoder,
  type ExistingTable,
  quotedTable,
  type TableDialect,
  type TableName,
  type TableWriter,
  tableText,
  type WrittenColumn,
} from './dialect.ts'
import { plainValue } from './logical-values.ts'
import type { Mutation } from './mutation.ts'
import type { SqlSinkSettings } from './settings.ts'

/** How the columns of one row are made from a record, and what writes them. */
export interface TablePlan {
  readonly table: TableName
  readonly exists: boolean
  readonly columns: readonly PlannedColumn[]
  readonly keyColumns: readonly PlannedColumn[]
  /** Fields of a value that have a column; undefined where others are left out on purpose or known not to exist. */
  readonly knownFields: ReadonlySet<string> | undefined
  /** Undefined as long as there is no table, from which nothing can be deleted. */
  readonly writer: TableWriter | undefined
  /** Whether each row it writes has to be in the table already. */
  readonly needsRows?: boolean
  /** The plan for rows that lack a value for some columns, by their indexes: the table keeps what it has in them. */
  without?(columns: readonly number[]): TablePlan
}

/** A record and where it lies. */
export interface RecordPlace {
  record: DecodedRecord
  topic: string
  partition: number
  offset: number
}

export interface PlannedColumn extends WrittenColumn {
  readonly read: (value: unknown, key: unknown, place: RecordPlace) => unknown
  readonly encode: Encoder
  /** Of key columns, where the dialect knows it. */
  readonly canonical?: CanonicalKey | undefined
}

/** A record for which there is no plan yet. */
export interface Wanting {
  readonly tableText: string
  readonly record: DecodedRecord
  readonly mutation: Mutation
}

/** A column as the records have it, before there is a table. */
export interface RecordField {
  readonly column: string
  readonly isKey: boolean
  readonly schema: ConnectSchema | undefined
  /** Type in the database, where the options name it. */
  readonly type?: string | undefined
  readonly read: PlannedColumn['read']
  /** From a first record, to find a type by. */
  readonly sample: unknown
}

export function mismatch(table: TableName | string, what: string): Error {
  const text = typeof table === 'string' ? table : tableText(table)
  return connectError('CONNECT_TABLE_MISMATCH', `table ${text} ${what}`, { table: text })
}

/** The columns that a plan writes, key first. */
export function planColumns(
  dialect: TableDialect,
  settings: SqlSinkSettings,
  target: { readonly table: TableName; readonly existing: ExistingTable },
  fields: readonly RecordField[],
): TablePlan {
  const { table, existing } = target
  const byName = new Map(existing.columns.map((column) => [dialect.fold(column.name), column]))
  const missing = fields.filter(({ column }) => !byName.has(dialect.fold(column)))
  if (missing.length > 0) {
    throw mismatch(table, `has no column ${missing.map(({ column }) => dialect.quote(column)).join(', ')}`)
  }
  const columns = fields.map(({ column, isKey, schema, read }): PlannedColumn => {
    const found = byName.get(dialect.fold(column))!
    const use = { isKey, isJsonText: schema?.name === 'io.debezium.data.Json' }
    const canonical = isKey ? dialect.canonicalKey?.(found) : undefined
    return { ...found, isKey, read: withPlainValue(read, schema), encode: dialect.encoder(found, use), canonical }
  })
  const keyColumns = columns.filter((column) => column.isKey)
  if (settings.mode !== 'insert' && keyColumns.length === 0) {
    throw mismatch(
      table,
      `is to be ${settings.mode === 'upsert' ? 'upserted' : 'updated'}, and nothing says what its key is`,
    )
  }
  if (settings.mode === 'upsert') checkUniqueKey(dialect, target, keyColumns)
  const partial = new Map<string, TablePlan>()
  const without = (missing: readonly number[]): TablePlan => {
    const id = missing.join()
    const known = partial.get(id)
    if (known) return known
    const rest = columns.filter((_, i) => !missing.includes(i))
    // An insertion that leaves columns out is refused for those that take no null, even where it would become an update.
    const writer = dialect.writer(table, rest, 'update', existing)
    const needsRows = settings.mode === 'upsert'
    const plan = { table, exists: true, columns: rest, keyColumns, knownFields: undefined, writer, needsRows }
    partial.set(id, plan)
    return plan
  }
  return {
    table,
    exists: true,
    columns,
    keyColumns,
    knownFields: undefined,
    writer: dialect.writer(table, columns, settings.mode, existing),
    ...(settings.mode !== 'insert' && { without }),
  }
}

function withPlainValue(read: PlannedColumn['read'], schema: ConnectSchema | undefined): PlannedColumn['read'] {
  if (!schema) return read
  const plain = plainValue(schema)
  const fallback = schema.default
  if (!plain && fallback === undefined) return read
  return (value, key, place) => {
    const field = read(value, key, place) ?? fallback
    return plain ? plain(field) : field
  }
}

/** An upsert has to find the row of its key. @throws CONNECT_TABLE_MISMATCH */
export function checkUniqueKey(
  dialect: TableDialect,
  { table, existing }: { readonly table: TableName; readonly existing: ExistingTable },
  keys: readonly { readonly name: string }[],
): void {
  const names = (columns: readonly string[]): string =>
    columns
      .map((name) => dialect.fold(name))
      .sort()
      .join('\0')
  const wanted = names(keys.map(({ name }) => name))
  if (existing.uniqueKeys.some((columns) => names(columns) === wanted)) return
  const list = keys.map(({ name }) => dialect.quote(name)).join(', ')
  throw mismatch(
    table,
    `has no primary key or unique index on (${list}), which upserts need; run: ALTER TABLE ${quotedTable(dialect, table)} ADD PRIMARY KEY (${list}), or create a unique index`,
  )
}
