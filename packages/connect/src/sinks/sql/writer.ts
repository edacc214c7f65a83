import type { SqlConnection, SqlDialect } from './dialect.ts'
import { areDifferentKeys, lastPerKey, type Row, runsOfDistinctKeys, runsOfPlan } from './rows.ts'
import type { SqlSinkSettings } from './settings.ts'
import { RowMissing } from './unavailable-value.ts'

/** A row that the table refused. */
export interface RefusedRow {
  readonly row: Row
  readonly error: unknown
}

/** Writes rows of any number of tables, inside the caller's transaction. */
export class RowWriter {
  readonly #dialect: SqlDialect
  readonly #settings: Pick<SqlSinkSettings, 'mode' | 'maxBatchRows'>

  constructor(dialect: SqlDialect, settings: Pick<SqlSinkSettings, 'mode' | 'maxBatchRows'>) {
    this.#dialect = dialect
    this.#settings = settings
  }

  /** Writes all rows with as few statements as possible. */
  async write(connection: SqlConnection, rows: readonly Row[]): Promise<void> {
    for (const run of runsOfPlan(rows)) {
      // Only an upsert leaves nothing of what was there before: an update after a delete has nothing to update.
      if (this.#settings.mode !== 'upsert') {
        for (const part of runsOfDistinctKeys(run, this.#settings.mode)) await this.#writeInParts(connection, part)
        continue
      }
      const last = lastPerKey(run)
      const deletes = last.filter((row) => row.kind !== 'write')
      if (deletes.length === 0 || deletes.length === last.length) await this.#writeInParts(connection, last)
      else if (areDifferentKeys(last)) {
        const writes = last.filter((row) => row.kind === 'write')
        for (const part of [writes, deletes]) await this.#writeInParts(connection, part)
      } else {
        const inOrder = [...last].sort((a, b) => a.offset - b.offset)
        for (const part of runsOfDistinctKeys(inOrder, 'upsert')) await this.#writeInParts(connection, part)
      }
    }
  }

  /**
   * Writes the rows that the table takes and finds those that it does not, by halving, each attempt under a savepoint.
   *
   * Rows are taken in their order and not reduced to the last of their key: when the last one is refused, the one before
   * it is what the table has to show.
   */
  async writeGood(connection: SqlConnection, rows: readonly Row[]): Promise<RefusedRow[]> {
    // Constraints checked at commit would refuse the transaction as a whole, when it is too late to say which row it was.
    if (this.#dialect.immediateConstraints) await connection.query(this.#dialect.immediateConstraints)
    const refused: RefusedRow[] = []
    const { maxBatchRows, mode } = this.#settings
    for (const run of runsOfPlan(rows)) {
      for (const part of runsOfDistinctKeys(run, mode)) {
        for (let i = 0; i < part.length; i += maxBatchRows) {
          await this.#halve(connection, part.slice(i, i + maxBatchRows), refused)
        }
      }
    }
    return refused
  }

  async #halve(connection: SqlConnection, rows: readonly Row[], refused: RefusedRow[]): Promise<void> {
    await connection.query('savepoint millrace_rows')
    try {
      await this.#write(connection, rows)
      await connection.query('release savepoint millrace_rows')
      return
    } catch (error) {
      if (!(error instanceof RowMissing || this.#dialect.isAboutRows(error))) throw error
      await connection.query('rollback to savepoint millrace_rows')
      await connection.query('release savepoint millrace_rows')
      const [only] = rows
      if (rows.length === 1 && only) {
        // What the moment is to blame for, as a lock that is waited for, and not the row.
        if (this.#dialect.classify(error) === 'environment') throw error
        refused.push({ row: only, error })
        return
      }
    }
    const middle = Math.ceil(rows.length / 2)
    await this.#halve(connection, rows.slice(0, middle), refused)
    await this.#halve(connection, rows.slice(middle), refused)
  }

  async #writeInParts(connection: SqlConnection, rows: readonly Row[]): Promise<void> {
    const { maxBatchRows } = this.#settings
    if (rows.length <= maxBatchRows) return this.#write(connection, rows)
    for (let i = 0; i < rows.length; i += maxBatchRows) await this.#write(connection, rows.slice(i, i + maxBatchRows))
  }

  async #write(connection: SqlConnection, rows: readonly Row[]): Promise<void> {
    const [first] = rows
    if (!first?.plan.exists) return
    const { plan, kind } = first
    if (kind === 'truncate') await connection.query(this.#dialect.truncateStatement(plan.table))
    else if (kind === 'write') {
      const found = await plan.writer?.write(connection, rows)
      if (plan.needsRows && found !== rows.length) throw new RowMissing(rows.length - (found ?? 0))
    } else await plan.writer?.remove(connection, rows)
  }
}
