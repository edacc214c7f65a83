import { quotedTable, type TableName } from '../sql/dialect.ts'
import type { Row } from '../sql/rows.ts'
import { classify } from './clickhouse-errors.ts'
import { type ClickHouseConnection, literal } from './connection.ts'
import { clickHouseDialect, rowLine } from './dialect.ts'

/** A row that the table refused. */
export interface RefusedRow {
  readonly row: Row
  readonly error: unknown
}

/**
 * Inserts rows of one table under a token; the table takes one insert of each. A row that it refuses fails them all: it is
 * then found by halving, with inserts into a table that keeps nothing, and the others are inserted.
 */
export async function insertRows(
  connection: ClickHouseConnection,
  rows: readonly Row[],
  token: string,
): Promise<RefusedRow[]> {
  const [first] = rows
  if (!first) return []
  const { table } = first.plan
  try {
    await insert(connection, table, rows, token)
    return []
  } catch (error) {
    if (classify(error) !== 'record') throw error
    const refused = await findRefused(connection, table, rows)
    if (refused.length === 0) throw error
    const bad = new Set(refused.map(({ row }) => row))
    const good = rows.filter((row) => !bad.has(row))
    if (good.length > 0) await insert(connection, table, good, token)
    return refused
  }
}

async function insert(
  connection: ClickHouseConnection,
  table: TableName,
  rows: readonly Row[],
  token: string | undefined,
): Promise<void> {
  // Views that hang on the table are written again, too: the first attempt may have died between it and them.
  const settings =
    token === undefined
      ? ''
      : `settings insert_deduplicate = 1, insert_deduplication_token = ${literal(token)}, deduplicate_blocks_in_dependent_materialized_views = 1 `
  const lines = rows.map((row) => rowLine(row.plan.columns, row))
  await connection.query(
    `insert into ${quotedTable(clickHouseDialect, table)} ${settings}format JSONEachRow\n${lines.join('\n')}`,
  )
}

async function findRefused(
  connection: ClickHouseConnection,
  table: TableName,
  rows: readonly Row[],
): Promise<RefusedRow[]> {
  const probe = { schema: table.schema, name: `millrace_probe_${table.name}` }
  const quoted = quotedTable(clickHouseDialect, probe)
  // With the columns as they are now, and the constraints.
  await connection.query(`drop table if exists ${quoted}`)
  await connection.query(`create table ${quoted} as ${quotedTable(clickHouseDialect, table)} engine = Null`)
  try {
    const refused: RefusedRow[] = []
    await halve(connection, probe, rows, refused)
    return refused
  } finally {
    await connection.query(`drop table if exists ${quoted}`)
  }
}

async function halve(
  connection: ClickHouseConnection,
  probe: TableName,
  rows: readonly Row[],
  refused: RefusedRow[],
): Promise<void> {
  try {
    await insert(connection, probe, rows, undefined)
    return
  } catch (error) {
    if (classify(error) !== 'record') throw error
    const [only] = rows
    if (rows.length === 1 && only) {
      refused.push({ row: only, error })
      return
    }
  }
  const middle = Math.ceil(rows.length / 2)
  await halve(connection, probe, rows.slice(0, middle), refused)
  await halve(connection, probe, rows.slice(middle), refused)
}
