import { whenReady } from '@millrace/contracts'
import { connectError } from '../../errors.ts'
import type { BadRecord, SinkBatch, SinkContext, SinkPartition, SinkSession } from '../../runtime/connector.ts'
import { badRecord } from '../bad-record.ts'
import type { RecordDecoder } from '../record-decoder.ts'
import { type SqlConnection, type SqlDialect, type SqlPool, tableText } from './dialect.ts'
import { type Claim, OffsetRows } from './offset-rows.ts'
import { type Row, RowReader } from './rows.ts'
import type { SqlSinkSettings } from './settings.ts'
import { mismatch } from './table-plan.ts'
import { TablePlans } from './table-plans.ts'
import { RowMissing } from './unavailable-value.ts'
import { RowWriter } from './writer.ts'

export interface SqlSessionParts {
  readonly dialect: SqlDialect
  readonly pool: SqlPool
  readonly settings: SqlSinkSettings
  readonly decoder: RecordDecoder
  readonly context: SinkContext
}

/** Writes batches, each with its offset in one transaction. */
export class SqlSinkSession implements SinkSession {
  readonly #parts: SqlSessionParts
  readonly #offsets: OffsetRows
  readonly #plans: TablePlans
  readonly #writer: RowWriter
  readonly #claims = new Map<string, Claim>()
  #written: ReadonlySet<string> = new Set()

  constructor(parts: SqlSessionParts) {
    this.#parts = parts
    this.#offsets = new OffsetRows(parts.dialect, parts.settings.name)
    this.#plans = new TablePlans(parts.dialect, parts.settings)
    this.#writer = new RowWriter(parts.dialect, parts.settings)
  }

  /** To be called before anything else. */
  async prepare(): Promise<void> {
    await this.#guarded('opening', () =>
      this.#withConnection(async (connection) => {
        await this.#offsets.ensureTables(connection)
        this.#written = await this.#offsets.writtenTables(connection)
        await this.#plans.check(connection, (table) => this.#written.has(table))
      }),
    )
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const claim = await this.#guarded('claiming a partition of', () =>
      this.#withConnection((connection) => this.#offsets.claim(connection, partition)),
    )
    this.#claims.set(idOf(partition), claim)
    return claim.nextOffset ?? undefined
  }

  release(partition: SinkPartition): void {
    this.#claims.delete(idOf(partition))
  }

  async put(batch: SinkBatch): Promise<number> {
    const claim = this.#claims.get(idOf(batch))
    if (!claim) {
      const { topic, partition } = batch
      throw connectError('CONNECT_SINK_FENCED', `partition ${partition} of ${topic} is not claimed`, {
        topic,
        partition,
      })
    }
    return this.#guarded('writing a batch of', async () => {
      const written = await this.#write(batch, claim)
      this.#claims.set(idOf(batch), { epoch: claim.epoch, nextOffset: batch.nextOffset })
      return written
    })
  }

  async close(): Promise<void> {
    await this.#parts.pool.close()
  }

  async #read(batch: SinkBatch): Promise<RowReader> {
    const reader = await this.#readAsKnown(batch)
    if (reader.bad.every(({ stage }) => stage === 'deserialize')) return reader
    // A value that does not fit may fit the column as it is now: someone may have altered it.
    this.#plans.forget()
    return this.#readAsKnown(batch)
  }

  async #readAsKnown(batch: SinkBatch): Promise<RowReader> {
    const { decoder, settings, pool } = this.#parts
    const reader = new RowReader(batch, decoder, settings)
    const plans = this.#plans
    for (;;) {
      const wanting = await whenReady(() =>
        reader.read((table, record, mutation) => plans.lookup(table, record, mutation)),
      )
      if (!wanting) return reader
      await plans.prepare(
        wanting,
        () => pool.connect(),
        (table) => this.#written.has(table),
      )
    }
  }

  async #write(batch: SinkBatch, claim: Claim): Promise<number> {
    const { dialect } = this.#parts
    try {
      return await this.#writeAll(batch, claim)
    } catch (error) {
      const isAboutRows = error instanceof RowMissing || dialect.isAboutRows(error)
      if (!isAboutRows && dialect.classify(error) !== 'table') throw error
      // Either may come of a table that was altered: rows are made again, for the columns as they are now.
      this.#plans.forget()
      if (!isAboutRows) return this.#writeAll(batch, claim)
    }
    const { rows, bad } = await this.#read(batch)
    return this.#transaction(batch, claim, rows, async (connection) => {
      const refused = await this.#writer.writeGood(connection, rows)
      const all = refused.map(({ row, error }) => badRecord(batch, row.batch, row.offset, 'process', error))
      await this.#setAside([...bad, ...all].sort((a, b) => a.offset - b.offset))
      return rows.length - refused.length
    })
  }

  async #writeAll(batch: SinkBatch, claim: Claim): Promise<number> {
    const { rows, bad } = await this.#read(batch)
    return this.#transaction(batch, claim, rows, async (connection) => {
      await this.#writer.write(connection, rows)
      await this.#setAside(bad)
      return rows.length
    })
  }

  /** Dead letters are safe before the offset moves past them; after a crash in between they come twice, with one id. */
  async #setAside(bad: readonly BadRecord[]): Promise<void> {
    if (bad.length > 0) await this.#parts.context.deadLetter(bad)
  }

  async #transaction<T>(
    batch: SinkBatch,
    claim: Claim,
    rows: readonly Row[],
    work: (connection: SqlConnection) => Promise<T>,
  ): Promise<T> {
    const { dialect } = this.#parts
    const unrecorded = this.#unrecorded(rows)
    const result = await this.#withConnection(async (connection) => {
      try {
        await connection.query(dialect.beginStatement)
        // First, for its lock: a successor's claim then waits for this batch instead of failing it at the end.
        await this.#offsets.advance(connection, batch, claim, batch.nextOffset)
        for (const table of unrecorded) await this.#offsets.recordTable(connection, table)
        const done = await work(connection)
        await connection.query('commit')
        return done
      } catch (error) {
        if (dialect.classify(error) !== 'environment') await connection.query('rollback').catch(() => {})
        throw error
      }
    })
    if (unrecorded.length > 0) this.#written = new Set([...this.#written, ...unrecorded])
    return result
  }

  #unrecorded(rows: readonly Row[]): string[] {
    const tables = new Set<string>()
    let last: Row['plan'] | undefined
    for (const { plan } of rows) {
      if (plan === last || !plan.exists) continue
      last = plan
      const text = tableText(plan.table)
      if (!this.#written.has(text)) tables.add(text)
    }
    return [...tables]
  }

  /** A connection whose transaction has failed is not worth saving when the failure was the connection. */
  async #withConnection<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    const { pool, dialect } = this.#parts
    const connection = await pool.connect()
    let isBroken = false
    try {
      return await work(connection)
    } catch (error) {
      isBroken = dialect.classify(error) === 'environment'
      throw error
    } finally {
      connection.release(isBroken)
    }
  }

  async #guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    const { dialect, settings } = this.#parts
    try {
      return await work()
    } catch (error) {
      const { name } = settings
      if (dialect.classify(error) === 'table') throw mismatch(`of ${name}`, `does not fit: ${(error as Error).message}`)
      throw dialect.toError(error, `${doing} ${name}`, { connector: name })
    }
  }
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
