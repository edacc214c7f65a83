import type { ClientBase } from 'pg'
import { classify } from '../../postgres/postgres-errors.ts'
import { arrayLiteral } from './array-literal.ts'
import { lastPerKey, type Row, runsOfDistinctKeys } from './rows.ts'
import type { TablePlan } from './table-plan.ts'

/** A row that the table refused. */
export interface RefusedRow {
  readonly row: Row
  readonly error: unknown
}

/** Writes all rows with as few statements as possible, inside the caller's transaction. */
export async function writeRows(
  client: ClientBase,
  plan: TablePlan,
  rows: readonly Row[],
  { isUpsert, maxRows }: { isUpsert: boolean; maxRows: number },
): Promise<void> {
  const last = isUpsert ? lastPerKey(rows) : rows
  const deletes = last.filter((row) => row.isDelete)
  const writes = deletes.length === 0 ? last : last.filter((row) => !row.isDelete)
  for (let i = 0; i < writes.length; i += maxRows) await write(client, plan, writes.slice(i, i + maxRows))
  for (let i = 0; i < deletes.length; i += maxRows) await write(client, plan, deletes.slice(i, i + maxRows))
}

/**
 * Writes the rows that the table takes and finds those that it does not, by halving, each attempt under a savepoint.
 *
 * Rows are taken in their order and not reduced to the last of their key: when the last one is refused, the one before
 * it is what the table has to show.
 */
export async function writeGoodRows(
  client: ClientBase,
  plan: TablePlan,
  rows: readonly Row[],
  { isUpsert, maxRows }: { isUpsert: boolean; maxRows: number },
): Promise<RefusedRow[]> {
  // Constraints checked at commit would refuse the transaction as a whole, when it is too late to say which row it was.
  await client.query('set constraints all immediate')
  const refused: RefusedRow[] = []
  for (const run of runsOfDistinctKeys(rows, isUpsert)) {
    for (let i = 0; i < run.length; i += maxRows) await halve(client, plan, run.slice(i, i + maxRows), refused)
  }
  return refused
}

async function halve(client: ClientBase, plan: TablePlan, rows: readonly Row[], refused: RefusedRow[]): Promise<void> {
  await client.query('savepoint millrace_rows')
  try {
    await write(client, plan, rows)
    await client.query('release savepoint millrace_rows')
    return
  } catch (error) {
    if (!isAboutRows(error)) throw error
    await client.query('rollback to savepoint millrace_rows; release savepoint millrace_rows')
    const [only] = rows
    if (rows.length === 1 && only) {
      refused.push({ row: only, error })
      return
    }
  }
  const middle = Math.ceil(rows.length / 2)
  await halve(client, plan, rows.slice(0, middle), refused)
  await halve(client, plan, rows.slice(middle), refused)
}

/** Whether another choice of rows may succeed. 21000: two keys that are different texts and the same to the table. */
export function isAboutRows(error: unknown): boolean {
  return classify(error) === 'record' || (error as { code?: string }).code === '21000'
}

async function write(client: ClientBase, plan: TablePlan, rows: readonly Row[]): Promise<void> {
  const [first] = rows
  if (!first) return
  const values = first.texts.map((_, column) => arrayLiteral(rows.map((row) => row.texts[column] ?? null)))
  await client.query(first.isDelete ? plan.deleteSql : plan.writeSql, values)
}
