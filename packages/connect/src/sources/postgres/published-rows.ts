import type { MillraceError } from '@millrace/base'
import type { Client } from 'pg'
import { quoteTable, tableText } from '../../postgres/identifiers.ts'
import { reportNotice } from '../../runtime/diagnostics.ts'
import type { CapturedTable } from './capture.ts'
import { parseLsn } from './lsn.ts'

const rowsMax = 10_000

/**
 * Removes rows of an outbox that were written while nothing captured it, after they are in Kafka: what is written since
 * deletes itself. Rows that are visible at one moment were committed before; once the stored position is past that moment,
 * they have been published, by the initial snapshot or from the log.
 */
export class PublishedRows {
  readonly #connector: string
  readonly #table: CapturedTable
  #seen: { readonly ids: readonly string[]; readonly lsn: bigint } | undefined
  #isRefused = false

  constructor(connector: string, table: CapturedTable) {
    this.#connector = connector
    this.#table = table
  }

  /** To be called again and again; `committedLsn` is that of the position in Kafka. */
  async remove(client: Client, committedLsn: bigint): Promise<void> {
    if (this.#isRefused) return
    const name = quoteTable(this.#table.relation)
    if (this.#seen && committedLsn >= this.#seen.lsn) {
      const { ids } = this.#seen
      this.#seen = undefined
      try {
        await client.query(`delete from ${name} where id::text = any($1)`, [ids])
      } catch (error) {
        this.#refused(error as MillraceError)
      }
    }
    this.#seen ??= await this.#look(client, name)
  }

  /** Nothing where rows are kept on purpose: then no trigger deletes them. */
  async #look(client: Client, name: string): Promise<{ ids: string[]; lsn: bigint } | undefined> {
    const { rows } = await client.query<{ id: string }>(
      `select id::text from ${name} where exists (
         select from pg_trigger where tgrelid = $1 and tgname like '%delete_captured') limit ${rowsMax}`,
      [this.#table.relation.oid],
    )
    if (rows.length === 0) return undefined
    // Asked after the rows were seen: what they show was committed before this point.
    const end = await client.query<{ lsn: string }>('select pg_current_wal_insert_lsn()::text as lsn')
    return { ids: rows.map(({ id }) => id), lsn: parseLsn(end.rows[0]!.lsn) }
  }

  #refused(error: Error): void {
    this.#isRefused = true
    const table = tableText(this.#table.relation)
    const remedy = `GRANT DELETE ON ${quoteTable(this.#table.relation)} to the source's user, or delete them yourself`
    reportNotice(this.#connector, `published rows of ${table} stay in it (${error.message}): ${remedy}`)
  }
}
