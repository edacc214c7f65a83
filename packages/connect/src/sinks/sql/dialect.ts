import type { ErrorFields, MillraceError } from '@millrace/base'
import type { ConnectSchema } from '../../data/schema.ts'

/** What an error of a database is about, and so what helps: waiting, another record, another table, another configuration. */
export type FailureClass = 'environment' | 'record' | 'table' | 'access' | 'other'

/** A table by its names, as the database keeps them. */
export interface TableName {
  readonly schema: string | undefined
  readonly name: string
}

/** One connection; its statements run one after the other. */
export interface SqlConnection {
  /** Values stand for `?` in the text. */
  query(sql: string, values?: readonly unknown[]): Promise<SqlResult>
  /** Gives it back; a broken one is closed instead. */
  release(isBroken: boolean): void
}

export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Rows that an update found. */
  readonly affected: number
}

export interface SqlPool {
  connect(): Promise<SqlConnection>
  close(): Promise<void>
}

/** A column of a table that is there. */
export interface ExistingColumn {
  readonly name: string
  /** As the database prints it. */
  readonly type: string
  /** Whether the database fills it where a row does not. */
  readonly hasDefault: boolean
  /** Whether null is no value of it, and the database would make another of it instead of refusing. */
  readonly refusesNull?: boolean
  /** What a dialect's own statements have to know about it. */
  readonly collation?: string | undefined
}

export interface ExistingTable {
  readonly columns: readonly ExistingColumn[]
  /** Columns of the primary key and of each unique index over whole columns. */
  readonly uniqueKeys: readonly (readonly string[])[]
}

/** What the dialect may have to know of a column's values. */
export interface ValueUse {
  readonly isKey: boolean
  /** Whether its values are JSON in text form, to be kept as what they say. */
  readonly isJsonText: boolean
}

/** A column that a sink writes. */
export interface WrittenColumn extends ExistingColumn {
  readonly isKey: boolean
}

export type WriteMode = 'insert' | 'upsert' | 'update'

/** A row to write or, with the key's columns only, to delete; values as the dialect's encoders made them. */
export interface RowValues {
  readonly values: readonly unknown[]
}

/** Writes to one table, with statements that were made for its columns. Rows of one call have different keys, unless inserted. */
export interface TableWriter {
  /** Of updates, how many of the rows were there; otherwise the number says nothing. */
  write(connection: SqlConnection, rows: readonly RowValues[]): Promise<number>
  remove(connection: SqlConnection, rows: readonly RowValues[]): Promise<void>
}

/** Turns a value that is neither null nor undefined into what the dialect's writer takes for a column. */
export type Encoder = (value: unknown) => unknown

export type CanonicalKey = (encoded: unknown) => string | undefined

/** A column of a table that is to be made. */
export interface NewColumn {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  readonly isKey: boolean
  /** A literal. */
  readonly default: string | undefined
}

/** How a database knows its tables. */
export interface TableDialect {
  /** For messages: `PostgreSQL`. */
  readonly name: string
  parseTable(text: string): TableName
  quote(name: string): string
  /** Under which names are compared. */
  fold(name: string): string
  readTable(connection: SqlConnection, table: TableName): Promise<ExistingTable | undefined>
  /** The type for a field with a schema, or for a first value where there is none. */
  columnType(schema: ConnectSchema, isKey: boolean): string
  inferredType(value: unknown, isKey: boolean): string
  /** The default of a schema as a literal for a column of this type; undefined where the type takes none. */
  defaultLiteral(schema: ConnectSchema, type: string): string | undefined
  columnDefinition(column: NewColumn): string
  /** `keys` are quoted names, none where the table is to have no primary key. */
  createStatement(table: TableName, definitions: readonly string[], keys: readonly string[]): string
  encoder(column: ExistingColumn, use: ValueUse): Encoder
  /**
   * For a key column: a text for an encoded key, the same for two keys exactly where the table takes them for one;
   * undefined where only the table can tell. Without it, it always is.
   */
  canonicalKey?(column: ExistingColumn): CanonicalKey | undefined
  writer(table: TableName, columns: readonly WrittenColumn[], mode: WriteMode, existing: ExistingTable): TableWriter
  /** Whether the error says that a table or column which was to be made is there already. */
  isAlreadyThere(error: unknown): boolean
}

/** What a sink does with a table. */
export interface TableUse {
  readonly table: TableName
  /** Names of privileges. */
  readonly rights: readonly string[]
  /** Whether it is made when it is missing. */
  readonly creates: boolean
}

/** What differs between databases with transactions. The rest of a sink is the same for all of them. */
export interface SqlDialect extends TableDialect {
  openPool(applicationName: string, connections: number): Promise<SqlPool>
  readonly beginStatement: string
  /** What makes constraints that are checked at commit show their row at once. */
  readonly immediateConstraints: string | undefined
  classify(error: unknown): FailureClass
  /** Whether another choice of rows may succeed. */
  isAboutRows(error: unknown): boolean
  /** An error of the driver as one of ours. */
  toError(error: unknown, doing: string, fields?: ErrorFields): MillraceError
  /** Types of texts and of the time of a change, for tables of the sink's own. */
  readonly bookTypes: { readonly text: string; readonly updatedAt: string }
  /** `on conflict (...) do update set`, or how the database says it. */
  conflict(keys: readonly string[]): string
  readonly nullSafeEquals: string
  truncateStatement(table: TableName): string
  /** What the user may not do of that. */
  rightProblems?(connection: SqlConnection, uses: readonly TableUse[]): Promise<MillraceError[]>
}

/** As the SQL standard has it. */
export function columnDefinition(dialect: Pick<TableDialect, 'quote'>, column: NewColumn): string {
  const { name, type, isRequired, default: fallback } = column
  const parts = [dialect.quote(name), type]
  if (fallback !== undefined) parts.push(`default ${fallback}`)
  if (isRequired) parts.push('not null')
  return parts.join(' ')
}

/** As the SQL standard has it. */
export function createStatement(
  dialect: Pick<TableDialect, 'quote'>,
  table: TableName,
  definitions: readonly string[],
  keys: readonly string[],
): string {
  const lines = keys.length > 0 ? [...definitions, `primary key (${keys.join(', ')})`] : definitions
  return `create table if not exists ${quotedTable(dialect, table)} (${lines.join(', ')})`
}

export function tableText({ schema, name }: TableName): string {
  return schema === undefined ? name : `${schema}.${name}`
}

export function quotedTable(dialect: Pick<TableDialect, 'quote'>, { schema, name }: TableName): string {
  return schema === undefined ? dialect.quote(name) : `${dialect.quote(schema)}.${dialect.quote(name)}`
}
