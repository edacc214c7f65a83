import { connectError } from '../../errors.ts'
import { tableText } from '../sql/dialect.ts'
import { type ClickHouseConnection, literal } from './connection.ts'
import { clickHouseDialect, deduplicationWindowOf } from './dialect.ts'

/** So long an older count may stand for one of now: it only makes a table's window look smaller. */
const freshMs = 250

/** Numbers of the last insert, by table. */
export type InsertNumbers = Readonly<Record<string, number>>

/**
 * Counts the inserts that tables have taken, by the number of their newest block: a table remembers the tokens of its last
 * inserts only, whoever made them, and a batch that comes again later than that would be doubled.
 */
export class InsertCounts {
  readonly #connection: ClickHouseConnection
  readonly #known = new Map<string, { readonly number: number; readonly at: number }>()

  constructor(connection: ClickHouseConnection) {
    this.#connection = connection
  }

  /** For a batch that is about to begin. */
  async of(tables: Iterable<string>): Promise<InsertNumbers> {
    const numbers: Record<string, number> = {}
    for (const table of tables) {
      const known = this.#known.get(table)
      const now = performance.now()
      const number = known && now - known.at < freshMs ? known.number : await this.#newest(table)
      if (number !== known?.number || !known) this.#known.set(table, { number, at: now })
      numbers[table] = number
    }
    return numbers
  }

  /** For a batch that comes again. @throws CONNECT_BATCH_FORGOTTEN where a table may not recognise it any more */
  async check(connector: string, bounds: { readonly first: number; readonly next: number }, begun: InsertNumbers) {
    for (const [table, number] of Object.entries(begun)) {
      const window = await this.#window(table)
      const since = (await this.#newest(table)) - number
      if (window === undefined || since < window) continue
      const message = `the batch of offsets ${bounds.first} to ${bounds.next - 1} of ${connector} was begun and may be in table ${table}, which has taken ${since} inserts since and remembers ${window}`
      throw connectError('CONNECT_BATCH_FORGOTTEN', message, { connector, table })
    }
  }

  async #newest(text: string): Promise<number> {
    const { rows } = await this.#connection.query(
      `select max(max_block_number) as number from system.parts where ${place(text, 'table')}`,
    )
    return Number(rows[0]?.number ?? 0)
  }

  /** Undefined where the table is replicated, which counts otherwise, or gone. */
  async #window(text: string): Promise<number | undefined> {
    const { rows } = await this.#connection.query(
      `select engine, create_table_query as statement from system.tables where ${place(text, 'name')}`,
    )
    const [row] = rows
    if (!row || /^(Replicated|Shared)/.test(String(row.engine))) return undefined
    return deduplicationWindowOf(String(row.statement))
  }
}

function place(text: string, column: string): string {
  const { schema, name } = clickHouseDialect.parseTable(text)
  return `database = ${schema === undefined ? 'currentDatabase()' : literal(schema)} and ${column} = ${literal(name)}`
}

/** The tables of a batch. */
export function tablesOf(
  rows: readonly { readonly plan: { readonly table: Parameters<typeof tableText>[0] } }[],
): Set<string> {
  return new Set(rows.map(({ plan }) => tableText(plan.table)))
}
