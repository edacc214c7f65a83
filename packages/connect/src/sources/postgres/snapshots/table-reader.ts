import type { Client, CustomTypesConfig } from 'pg'
import { parseTableName, quoteIdentifier } from '../../../postgres/identifiers.ts'
import type { CapturedTable } from '../capture.ts'
import { ownRows, readTable } from '../catalog.ts'
import { parseLsn } from '../lsn.ts'
import { asPublished, both } from '../published-shape.ts'
import type { Relation } from '../row.ts'
import type { RowTexts } from './chunk-window.ts'
import type { TableTask } from './progress.ts'

/** Values as the server prints them, as in the replication stream; a cast to text would print some differently. */
export const rawTexts = { getTypeParser: () => (text: string) => text } as unknown as CustomTypesConfig

const fetchRowsMin = 1
const fetchRowsFirst = 50
const fetchRowsMax = 2_000
/** What one fetch should bring at most, by the size of the rows before. */
const fetchBytes = 1024 * 1024

/** What a database snapshot sees, and the end of the log right after it was taken: all that it sees lies before. */
export interface DatabaseSnapshot {
  /** As `pg_current_snapshot()` prints it. */
  readonly text: string
  readonly untilLsn: bigint
}

/** Begins a read-only transaction whose statements all see the same. */
export async function beginSnapshot(client: Client): Promise<DatabaseSnapshot> {
  await client.query('begin transaction isolation level repeatable read, read only')
  const { rows } = await client.query<{ snapshot: string; lsn: string }>(
    'select pg_current_snapshot()::text as snapshot, pg_current_wal_insert_lsn()::text as lsn',
  )
  const { snapshot, lsn } = rows[0]!
  return { text: snapshot, untilLsn: parseLsn(lsn) }
}

interface KeyColumn {
  readonly name: string
  readonly type: string
}

/** A table as it is to be read in the order of a key. */
export interface KeyedTable {
  readonly table: CapturedTable
  /** Of the primary key, or of the index that is the replica identity. Empty: there is none. */
  readonly key: readonly KeyColumn[]
  /** What it is read in the order of; ends with the key. */
  readonly order: readonly KeyColumn[]
  /** Condition on the rows that are to be read. */
  readonly filter: string | undefined
}

/** What a task names, as the catalog has it now. @throws POSTGRES_TABLE_MISSING */
export async function readKeyedTable(
  client: Client,
  task: TableTask,
  publications: readonly string[],
): Promise<KeyedTable> {
  const found = await readTable(client, parseTableName(task.table))
  const { table, filter } = await asPublished(client, found, publications)
  const { rows } = await client.query<KeyColumn & { is_key: boolean; not_null: boolean }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, true as is_key, a.attnotnull as not_null, k.n
       from pg_class c
       join pg_index i on i.indrelid = c.oid
        and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end
       join unnest(i.indkey::int2[]) with ordinality as k(attnum, n) on k.n <= i.indnkeyatts
       join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
      where c.oid = $1
     union all
     select a.attname, format_type(a.atttypid, a.atttypmod), false, a.attnotnull, 0
       from pg_attribute a where a.attrelid = $1 and a.attname = $2 and a.attnum > 0 and not a.attisdropped
      order by 5`,
    [table.relation.oid, task.surrogateKey ?? null],
  )
  const shown = new Set(table.relation.columns.map((column) => column.name))
  // A key that the publication shows in part tells nothing about its rows.
  const whole = rows.filter((row) => row.is_key)
  const key = whole.every(({ name }) => shown.has(name)) ? whole : []
  // A key of nulls would end the comparison of rows.
  const surrogate = rows.filter(
    (row) => !row.is_key && row.not_null && shown.has(row.name) && !key.some(({ name }) => name === row.name),
  )
  return { table, key, order: key.length > 0 ? [...surrogate, ...key] : [], filter: both(filter, task.filter) }
}

/**
 * Sends a text in the protocol's form that takes one statement. Conditions come from signals: one that ends the statement
 * and adds others would leave the read-only transaction.
 */
const oneStatement: object = { queryMode: 'extended' }

/** The greatest key of the table, by which the snapshot of a table that grows comes to an end. */
export async function greatestKey(client: Client, keyed: KeyedTable): Promise<string[] | undefined> {
  const names = keyed.order.map(({ name }) => quoteIdentifier(name))
  const { rows } = await client.query<string[]>({
    ...oneStatement,
    text: `select ${names.join(', ')} from ${ownRows(keyed.table)} ${where(keyed.filter ? [`(${keyed.filter})`] : [])}
            order by ${names.map((name) => `${name} desc`).join(', ')} limit 1`,
    rowMode: 'array',
    types: rawTexts,
  })
  return rows[0]
}

/** Opens a cursor over rows of a table in the transaction under way; `after` and `until` bound the key. */
export async function openRows(
  client: Client,
  keyed: KeyedTable,
  range: {
    readonly after?: readonly string[] | undefined
    readonly until?: readonly string[] | undefined
    readonly limit?: number
  },
): Promise<RowCursor> {
  const { order, table } = keyed
  const names = order.map(({ name }) => quoteIdentifier(name)).join(', ')
  const conditions = keyed.filter ? [`(${keyed.filter})`] : []
  const values: string[] = []
  const bound = (operator: string, texts: readonly string[]): void => {
    const parameters = texts.map((text, i) => `$${values.push(text)}::${order[i]!.type}`)
    conditions.push(`(${names}) ${operator} (${parameters.join(', ')})`)
  }
  if (range.after) bound('>', range.after)
  if (range.until) bound('<=', range.until)
  const columns = table.relation.columns.map((column) => quoteIdentifier(column.name)).join(', ')
  const ordered = order.length > 0 ? `order by ${names}` : ''
  const limited = range.limit === undefined ? '' : `limit ${range.limit}`
  await client.query({
    ...oneStatement,
    text: `declare millrace_rows no scroll cursor for
     select ${columns} from ${ownRows(table)} ${where(conditions)} ${ordered} ${limited}`,
    values,
  })
  return new RowCursor(client, table.relation)
}

function where(conditions: readonly string[]): string {
  return conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
}

/** Rows in fetches whose size follows that of the rows, so that neither small rows are slow nor large ones too many. */
export class RowCursor {
  readonly relation: Relation
  readonly #client: Client
  #count = fetchRowsFirst
  isAtEnd = false

  constructor(client: Client, relation: Relation) {
    this.#client = client
    this.relation = relation
  }

  async fetch(): Promise<RowTexts[]> {
    const count = this.#count
    const { rows } = await this.#client.query<(string | null)[]>({
      text: `fetch ${count} from millrace_rows`,
      rowMode: 'array',
      types: rawTexts,
    })
    this.isAtEnd = rows.length < count
    const average = bytesOf(rows) / Math.max(1, rows.length)
    const fitting = Math.floor(fetchBytes / Math.max(1, average))
    this.#count = Math.max(fetchRowsMin, Math.min(fetchRowsMax, count * 8, fitting))
    return rows
  }

  async close(): Promise<void> {
    await this.#client.query('close millrace_rows')
  }
}

export function bytesOf(rows: readonly RowTexts[]): number {
  let bytes = 0
  for (const row of rows) for (const value of row) bytes += (value?.length ?? 0) + 8
  return bytes
}
