import {
  columnDefinition,
  createStatement,
  type ExistingTable,
  quotedTable,
  type RowValues,
  type SqlConnection,
  type SqlDialect,
  type TableName,
  type TableWriter,
  type WriteMode,
  type WrittenColumn,
} from '../sql/dialect.ts'
import { driverError } from '../sql/driver-error.ts'
import { plainValue } from '../sql/logical-values.ts'
import { columnType, encode, inferredType } from './column-type.ts'
import { openSqlite, type SqliteConnection } from './connection.ts'
import { classify, isAlreadyThere } from './sqlite-errors.ts'

/** Writes row by row with prepared statements: the database is a library in this process, and a call costs no round trip. */
export function sqliteDialect(file: string): SqlDialect {
  const dialect: SqlDialect = {
    name: 'SQLite',
    openPool: async () => openSqlite(file),
    // At once for writing: a transaction that begins with reading cannot wait for another's end.
    beginStatement: 'begin immediate',
    immediateConstraints: undefined,
    classify,
    isAboutRows: (error) => classify(error) === 'record',
    isAlreadyThere,
    toError: (error, doing, fields) =>
      driverError(error, classify(error), doing, { ...fields, databaseCode: (error as { errcode?: number }).errcode }),
    parseTable: (text) => {
      const dot = text.indexOf('.')
      return dot < 0 ? { schema: undefined, name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) }
    },
    quote,
    fold: (name) => name.toLowerCase(),
    bookTypes: { text: 'text', updatedAt: 'text not null default current_timestamp' },
    conflict: (keys) => `on conflict (${keys.map(quote).join(', ')}) do update set`,
    nullSafeEquals: 'is',
    readTable,
    columnType: (schema) => columnType(schema),
    inferredType: (value) => inferredType(value),
    defaultLiteral: (schema) => {
      const plain = plainValue(schema)
      const value = encode(plain ? plain(schema.default) : schema.default)
      if (value instanceof Uint8Array) return `x'${Buffer.from(value).toString('hex')}'`
      return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
    },
    columnDefinition: (column) => columnDefinition(dialect, column),
    createStatement: (table, definitions, keys) => createStatement(dialect, table, definitions, keys),
    encoder: () => encode,
    writer: (table, columns, mode) => sqliteWriter(quotedTable(dialect, table), columns, mode),
    truncateStatement: (table) => `delete from ${quotedTable(dialect, table)}`,
  }
  return dialect
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

function sqliteWriter(table: string, columns: readonly WrittenColumn[], mode: WriteMode): TableWriter {
  const keys = columns.filter((column) => column.isKey)
  const matches = keys.map(({ name }) => `${quote(name)} = ?`).join(' and ')
  const writeSql = mode === 'update' ? updateStatement(table, columns, matches) : insertStatement(table, columns, mode)
  const run = async (
    connection: SqlConnection,
    sql: string,
    rows: readonly RowValues[],
    order: readonly number[] | undefined,
  ) => (connection as SqliteConnection).runAll(sql, rows, order)
  // An update names what it sets before the key.
  const order = mode === 'update' ? updateOrder(columns) : undefined
  return {
    write: (connection, rows) => run(connection, writeSql, rows, order),
    remove: async (connection, rows) =>
      void (await run(connection, `delete from ${table} where ${matches}`, rows, undefined)),
  }
}

function insertStatement(table: string, columns: readonly WrittenColumn[], mode: WriteMode): string {
  const names = columns.map(({ name }) => quote(name))
  const insert = `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
  if (mode === 'insert') return insert
  const keys = columns.filter(({ isKey }) => isKey).map(({ name }) => quote(name))
  const sets = columns.filter(({ isKey }) => !isKey).map(({ name }) => `${quote(name)} = excluded.${quote(name)}`)
  const action = sets.length === 0 ? 'do nothing' : `do update set ${sets.join(', ')}`
  return `${insert} on conflict (${keys.join(', ')}) ${action}`
}

function updateStatement(table: string, columns: readonly WrittenColumn[], matches: string): string {
  const sets = columns.filter(({ isKey }) => !isKey).map(({ name }) => `${quote(name)} = ?`)
  // A row that is all key has nothing to update; the statement still has to say something.
  const first = quote(columns[0]!.name)
  return `update ${table} set ${sets.length === 0 ? `${first} = ${first}` : sets.join(', ')} where ${matches}`
}

function updateOrder(columns: readonly WrittenColumn[]): number[] {
  const of = (isKey: boolean) => columns.flatMap((column, i) => (column.isKey === isKey ? [i] : []))
  return [...of(false), ...of(true)]
}

async function readTable(connection: SqlConnection, { schema, name }: TableName): Promise<ExistingTable | undefined> {
  const place = schema ?? 'main'
  // Generated columns have `hidden` 2 and 3.
  const columns = await connection.query(
    'select name, type, dflt_value, pk from pragma_table_xinfo(?, ?) where hidden = 0 order by cid',
    [name, place],
  )
  if (columns.rows.length === 0) return undefined
  const indexes = await connection.query(
    `select l.seq, i.name from pragma_index_list(?, ?) l, pragma_index_info(l.name, ?) i where l."unique" = 1 and l.partial = 0`,
    [name, place, place],
  )
  const uniqueKeys = new Map<unknown, string[]>()
  for (const { seq, name: column } of indexes.rows)
    uniqueKeys.set(seq, [...(uniqueKeys.get(seq) ?? []), String(column)])
  const primary = columns.rows.filter(({ pk }) => Number(pk) > 0).map((row) => String(row.name))
  return {
    columns: columns.rows.map((row) => ({
      name: String(row.name),
      type: String(row.type),
      // The row id fills itself.
      hasDefault:
        row.dflt_value !== null || (primary.length === 1 && Number(row.pk) > 0 && /^integer$/i.test(String(row.type))),
    })),
    uniqueKeys: primary.length > 0 ? [primary, ...uniqueKeys.values()] : [...uniqueKeys.values()],
  }
}
