import {
  type ExistingTable,
  quotedTable,
  type RowValues,
  type SqlConnection,
  type TableDialect,
  type TableName,
  tableText,
  type WrittenColumn,
} from '../sql/dialect.ts'
import { plainValue } from '../sql/logical-values.ts'
import { mismatch } from '../sql/table-plan.ts'
import { codeOf } from './clickhouse-errors.ts'
import { columnType, inferredType, nullable } from './column-type.ts'
import { literal, quote } from './connection.ts'
import { encoder } from './values.ts'

/** So many of the last inserts of a table are remembered, for one that comes again. */
const deduplicationWindow = 10_000

/** How ClickHouse knows tables. Rows travel as JSON, each with the fields that it has. */
export const clickHouseDialect: TableDialect = {
  name: 'ClickHouse',
  parseTable: (text) => {
    const dot = text.indexOf('.')
    return dot < 0 ? { schema: undefined, name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) }
  },
  quote,
  fold: (name) => name,
  readTable,
  columnType: (schema) => columnType(schema),
  inferredType: (value) => inferredType(value),
  defaultLiteral: (schema) => {
    const plain = plainValue(schema)
    const value = plain ? plain(schema.default) : schema.default
    if (typeof value === 'string') return literal(value)
    return ['number', 'bigint', 'boolean'].includes(typeof value) ? String(value) : undefined
  },
  columnDefinition: ({ name, type, isKey, isRequired, default: fallback }) => {
    const chosen = isKey || isRequired ? type : nullable(type)
    return `${quote(name)} ${chosen}${fallback === undefined ? '' : ` default ${fallback}`}`
  },
  createStatement: (table, definitions, keys) =>
    `create table if not exists ${quotedTable(clickHouseDialect, table)} (${definitions.join(', ')})
     engine = MergeTree order by ${keys.length === 0 ? 'tuple()' : `(${keys.join(', ')})`}
     settings non_replicated_deduplication_window = ${deduplicationWindow}`,
  encoder: ({ type }) => encoder(type),
  writer: () => ({ write: unused, remove: unused }),
  isAlreadyThere: (error) => [44, 57].includes(codeOf(error)),
}

async function unused(): Promise<never> {
  throw new TypeError('rows of ClickHouse are inserted with a token')
}

/** One line per row, with the columns that the record had. */
export function rowLine(columns: readonly WrittenColumn[], { values }: RowValues): string {
  let text = ''
  for (let i = 0; i < columns.length; i++) {
    const value = values[i]
    if (value === null || value === undefined) continue
    text += `${text === '' ? '{' : ','}${JSON.stringify(columns[i]!.name)}:${value as string}`
  }
  return text === '' ? '{}' : `${text}}`
}

async function readTable(connection: SqlConnection, table: TableName): Promise<ExistingTable | undefined> {
  const database = table.schema === undefined ? 'currentDatabase()' : literal(table.schema)
  const found = await connection.query(
    `select engine, create_table_query as statement from system.tables
      where database = ${database} and name = ${literal(table.name)}`,
  )
  const [properties] = found.rows
  if (!properties) return undefined
  checkEngine(table, String(properties.engine), String(properties.statement))
  const { rows } = await connection.query(
    `select name, type, default_kind from system.columns
      where database = ${database} and table = ${literal(table.name)} and default_kind not in ('MATERIALIZED', 'ALIAS')
      order by position`,
  )
  const columns = rows.map((row) => ({
    name: String(row.name),
    type: String(row.type),
    // A column that a row leaves out takes its default or its type's.
    hasDefault: row.default_kind !== '',
    refusesNull: !/^(LowCardinality\()?Nullable\(|^(JSON|Dynamic|Variant)/.test(String(row.type)),
  }))
  return { columns, uniqueKeys: [] }
}

/** How many of its last inserts a table remembers that is not replicated. */
export function deduplicationWindowOf(statement: string): number {
  return Number(/non_replicated_deduplication_window\s*=\s*(\d+)/.exec(statement)?.[1] ?? 0)
}

/** An insert that comes again after a lost reply has to be recognised by the table. */
function checkEngine(table: TableName, engine: string, statement: string): void {
  if (/^(Replicated|Shared).*MergeTree$/.test(engine)) {
    if (!/\breplicated_deduplication_window\s*=\s*0\b/.test(statement)) return
    throw mismatch(table, 'has replicated_deduplication_window = 0, and does not recognise an insert that comes again')
  }
  if (!engine.endsWith('MergeTree')) {
    throw mismatch(
      table,
      `has the engine ${engine}, which does not recognise an insert that comes again; use MergeTree`,
    )
  }
  if (deduplicationWindowOf(statement) > 0) return
  const text = tableText(table)
  throw mismatch(
    table,
    `does not recognise an insert that comes again; run: ALTER TABLE ${text} MODIFY SETTING non_replicated_deduplication_window = ${deduplicationWindow}`,
  )
}
