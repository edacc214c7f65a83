import type { Pool, PoolClient } from 'pg'
import { connectPool } from '../../postgres/driver.ts'
import { parseTableName, quoteIdentifier, quoteLiteral, quoteTable } from '../../postgres/identifiers.ts'
import { classify, codeOf, postgresError } from '../../postgres/postgres-errors.ts'
import {
  columnDefinition,
  createStatement,
  type ExistingColumn,
  type ExistingTable,
  type SqlConnection,
  type SqlDialect,
  type SqlPool,
  type SqlResult,
  type TableName,
  type TableWriter,
  type WriteMode,
  type WrittenColumn,
} from '../sql/dialect.ts'
import { plainValue } from '../sql/logical-values.ts'
import { arrayLiteral } from './array-literal.ts'
import { canonicalKey } from './canonical-key.ts'
import { columnType } from './column-type.ts'
import { sinkRightProblems } from './rights.ts'
import { deleteStatement, updateStatement, writeStatement } from './statements.ts'
import { inferredType, textEncoder } from './text-values.ts'

/** Writes as PostgreSQL likes it: one array parameter per column, whatever the number of rows. */
export function postgresDialect(url: string): SqlDialect {
  return {
    name: 'PostgreSQL',
    openPool: async (applicationName, connections) =>
      new PostgresPool(await connectPool(url, applicationName, connections)),
    beginStatement: 'begin',
    immediateConstraints: 'set constraints all immediate',
    classify: (error) => {
      const found = classify(error)
      return found === 'pooler' ? 'access' : found
    },
    isAboutRows,
    // Duplicate table, column, and the collision in the catalog of two sessions that create the same table.
    isAlreadyThere: (error) => ['23505', '42P07', '42701'].includes(codeOf(error)),
    toError: postgresError,
    parseTable: parseTableName,
    quote: quoteIdentifier,
    fold: (name) => name,
    bookTypes: { text: 'text', updatedAt: 'timestamptz not null default now()' },
    conflict: (keys) => `on conflict (${keys.map(quoteIdentifier).join(', ')}) do update set`,
    nullSafeEquals: 'is not distinct from',
    readTable,
    columnType: (schema) => columnType(schema),
    inferredType: (value) => inferredType(value),
    defaultLiteral: (schema, type) => {
      const plain = plainValue(schema)
      return quoteLiteral(textEncoder(type)(plain ? plain(schema.default) : schema.default))
    },
    columnDefinition: (column) => columnDefinition({ quote: quoteIdentifier }, column),
    createStatement: (table, definitions, keys) =>
      createStatement({ quote: quoteIdentifier }, { ...table, schema: table.schema ?? 'public' }, definitions, keys),
    // JSON in text form is what the server reads.
    encoder: ({ type }, { isJsonText }) => textEncoder(isJsonText && /^jsonb?$/.test(type) ? 'text' : type),
    canonicalKey,
    writer: (table, columns, mode) => postgresWriter(table, columns, mode),
    truncateStatement: (table) => `truncate table ${quoted(table)}`,
    rightProblems: (connection, uses) => sinkRightProblems((connection as PostgresConnection).client, uses),
  }
}

/** 21000: two keys that are different texts and the same to the table; 57014: too many rows for `statement_timeout`. */
function isAboutRows(error: unknown): boolean {
  return classify(error) === 'record' || codeOf(error) === '21000' || codeOf(error) === '57014'
}

function postgresWriter(table: TableName, columns: readonly WrittenColumn[], mode: WriteMode): TableWriter {
  const keys = columns.filter((column) => column.isKey)
  const name = { schema: table.schema ?? 'public', name: table.name }
  const writeSql = mode === 'update' ? updateStatement(name, columns) : writeStatement(name, columns, mode === 'upsert')
  const deleteSql = keys.length > 0 ? deleteStatement(name, keys) : ''
  const run = async (connection: SqlConnection, sql: string, rows: readonly { values: readonly unknown[] }[]) => {
    const width = rows[0]?.values.length ?? 0
    const arrays: string[] = []
    for (let i = 0; i < width; i++) arrays.push(arrayLiteral(rows as readonly { values: readonly string[] }[], i))
    const { rowCount } = await (connection as PostgresConnection).client.query(sql, arrays)
    return rowCount ?? 0
  }
  return {
    write: (connection, rows) => run(connection, writeSql, rows),
    remove: async (connection, rows) => void (await run(connection, deleteSql, rows)),
  }
}

class PostgresPool implements SqlPool {
  readonly #pool: Pool
  constructor(pool: Pool) {
    this.#pool = pool
  }

  async connect(): Promise<SqlConnection> {
    return new PostgresConnection(await this.#pool.connect())
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }
}

/** Statements with values are the sink's own, few in number, and prepared under a name. */
const prepared = new Map<string, { readonly name: string; readonly text: string }>()

class PostgresConnection implements SqlConnection {
  readonly client: PoolClient
  constructor(client: PoolClient) {
    this.client = client
  }

  async query(sql: string, values?: readonly unknown[]): Promise<SqlResult> {
    const { rows, rowCount } = values
      ? await this.client.query({ ...numbered(sql), values: [...values] })
      : await this.client.query(sql)
    return { rows, affected: rowCount ?? 0 }
  }

  release(isBroken: boolean): void {
    this.client.release(isBroken)
  }
}

function numbered(sql: string): { readonly name: string; readonly text: string } {
  const known = prepared.get(sql)
  if (known) return known
  let number = 0
  const statement = { name: `millrace_sink_${prepared.size}`, text: sql.replaceAll('?', () => `$${++number}`) }
  prepared.set(sql, statement)
  return statement
}

function quoted({ schema, name }: TableName): string {
  return quoteTable({ schema: schema ?? 'public', name })
}

/** Columns that can be written: neither generated nor `generated always as identity`. */
async function readTable(connection: SqlConnection, table: TableName): Promise<ExistingTable | undefined> {
  const { client } = connection as PostgresConnection
  const names = [table.schema ?? 'public', table.name]
  // Of -1 types of any length: without it `character` and `bit` are of length one, to which a cast cuts without a word.
  const columns = await client.query<ExistingColumn>(
    `select a.attname as name, format_type(a.atttypid, -1) as type, a.atthasdef or a.attidentity <> '' as "hasDefault",
            case when o.collisdeterministic then null else o.collname end as collation
       from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
       left join pg_collation o on o.oid = a.attcollation
      where n.nspname = $1 and c.relname = $2 and a.attnum > 0 and not a.attisdropped
        and a.attgenerated = '' and a.attidentity <> 'a'
      order by a.attnum`,
    names,
  )
  if (columns.rows.length === 0) return undefined
  const keys = await client.query<{ columns: string[] }>(
    `select array(select a.attname::text from pg_attribute a
                   where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[])) as columns
       from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relname = $2 and i.indisunique and i.indpred is null and i.indexprs is null`,
    names,
  )
  return { columns: columns.rows, uniqueKeys: keys.rows.map((row) => row.columns) }
}
