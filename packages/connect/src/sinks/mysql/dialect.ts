import {
  columnDefinition,
  createStatement,
  type ExistingTable,
  quotedTable,
  type SqlConnection,
  type SqlDialect,
  type TableName,
} from '../sql/dialect.ts'
import { driverError } from '../sql/driver-error.ts'
import { plainValue } from '../sql/logical-values.ts'
import { mismatch } from '../sql/table-plan.ts'
import { columnType, inferredType } from './column-type.ts'
import { type MysqlConnection, openMysql } from './connection.ts'
import { canonicalKey, keyEncoder } from './key-values.ts'
import { classify, errnoOf, isAlreadyThere } from './mysql-errors.ts'
import { encoder } from './values.ts'
import { mysqlWriter, quote } from './writer.ts'

/** Writes lists of rows, for MySQL and MariaDB. Their DDL ends transactions, so tables are made before one begins. */
export function mysqlDialect(url: string): SqlDialect {
  /** Compares byte by byte without padding: `utf8mb4_bin` takes 'a ' for 'a'. */
  let binaryCollation = ''
  // Of a database in another character set, tables would refuse most texts.
  const typed = (type: string): string => {
    if (type.startsWith('varchar')) return `${type} character set utf8mb4 collate ${binaryCollation}`
    return type === 'longtext' || type.startsWith('char') ? `${type} character set utf8mb4` : type
  }
  const dialect: SqlDialect = {
    name: 'MySQL',
    openPool: async (_applicationName, connections) => {
      const pool = await openMysql(url, connections)
      return {
        connect: async () => {
          const connection = await pool.connect()
          binaryCollation = (connection as MysqlConnection).isMariaDb ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin'
          return connection
        },
        close: () => pool.close(),
      }
    },
    beginStatement: 'start transaction',
    immediateConstraints: undefined,
    classify,
    isAboutRows: (error) => classify(error) === 'record',
    isAlreadyThere,
    toError: (error, doing, fields) =>
      driverError(error, classify(error), doing, { ...fields, databaseCode: errnoOf(error) }),
    parseTable: (text) => {
      const dot = text.indexOf('.')
      return dot < 0 ? { schema: undefined, name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) }
    },
    quote,
    fold: (name) => name.toLowerCase(),
    bookTypes: {
      text: 'varchar(191) character set utf8mb4 collate utf8mb4_bin',
      updatedAt: 'timestamp not null default current_timestamp',
    },
    conflict: () => 'on duplicate key update',
    nullSafeEquals: '<=>',
    readTable,
    columnType: (schema, isKey) => typed(columnType(schema, isKey)),
    inferredType: (value, isKey) => typed(inferredType(value, isKey)),
    defaultLiteral: (schema, type) => {
      // Texts, blobs and JSON take no literal as default.
      if (/text|blob|json/.test(type)) return undefined
      const plain = plainValue(schema)
      const value = encoder(type)(plain ? plain(schema.default) : schema.default)
      return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'` : undefined
    },
    columnDefinition: (column) => columnDefinition(dialect, column),
    createStatement: (table, definitions, keys) => createStatement(dialect, table, definitions, keys),
    encoder: ({ type }, { isKey, isJsonText }) => {
      // The server takes JSON as its text.
      const encode = isJsonText && type.startsWith('json') ? encoder('longtext') : encoder(type)
      return isKey ? keyEncoder(type, encode) : encode
    },
    canonicalKey: ({ type, collation }) => canonicalKey(type, collation),
    writer: (table, columns, mode, existing) => mysqlWriter(quotedTable(dialect, table), columns, mode, existing),
    // Not TRUNCATE, which would end the transaction.
    truncateStatement: (table) => `delete from ${quotedTable(dialect, table)}`,
  }
  return dialect
}

async function readTable(connection: SqlConnection, { schema, name }: TableName): Promise<ExistingTable | undefined> {
  const place = 'table_schema = coalesce(?, database()) and table_name = ?'
  const columns = await connection.query(
    `select column_name as name, column_type as type, column_default as fallback, extra, collation_name as collation
       from information_schema.columns where ${place} order by ordinal_position`,
    [schema ?? null, name],
  )
  if (columns.rows.length === 0) return undefined
  const engines = await connection.query(`select engine from information_schema.tables where ${place}`, [
    schema ?? null,
    name,
  ])
  const engine = String(engines.rows[0]?.engine)
  if (/^(MyISAM|Aria|MEMORY|CSV|ARCHIVE)$/i.test(engine)) {
    throw mismatch({ schema, name }, `has the engine ${engine}, which has no transactions; use InnoDB`)
  }
  const indexes = await connection.query(
    `select index_name as name, column_name as member, sub_part as prefix
       from information_schema.statistics where ${place} and non_unique = 0 order by index_name, seq_in_index`,
    [schema ?? null, name],
  )
  const uniqueKeys = new Map<string, string[]>()
  for (const { name: index, member } of indexes.rows) {
    uniqueKeys.set(String(index), [...(uniqueKeys.get(String(index)) ?? []), String(member)])
  }
  // MariaDB keeps JSON in a longtext with a check, and says so only there.
  const json = await jsonColumns(connection, place, [schema ?? null, name])
  return {
    columns: columns.rows
      .filter(({ extra }) => !/generated/i.test(String(extra).replace('DEFAULT_GENERATED', '')))
      .map((row) => ({
        name: String(row.name),
        type: json.has(String(row.name)) ? 'json' : String(row.type),
        hasDefault: (row.fallback !== null && row.fallback !== 'NULL') || /auto_increment/i.test(String(row.extra)),
        collation: row.collation === null ? undefined : String(row.collation),
      })),
    uniqueKeys: [...uniqueKeys.values()],
  }
}

async function jsonColumns(connection: SqlConnection, place: string, values: readonly unknown[]): Promise<Set<string>> {
  if (!(connection as MysqlConnection).isMariaDb) return new Set()
  const { rows } = await connection.query(
    `select check_clause as clause from information_schema.check_constraints
      where ${place.replace('table_schema', 'constraint_schema')} and check_clause like 'json_valid(%'`,
    values,
  )
  return new Set(rows.map(({ clause }) => String(clause).replace(/^json_valid\(`|`\)$/g, '')))
}
