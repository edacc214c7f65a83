import { whenReady } from '@millrace/contracts'
import type { Pool, PoolClient } from 'pg'
import { connectError } from '../../errors.ts'
import type { TableName } from '../../postgres/identifiers.ts'
import { classify, postgresError } from '../../postgres/postgres-errors.ts'
import type { BadRecord, SinkBatch, SinkContext, SinkPartition, SinkSession } from '../../runtime/connector.ts'
import { advanceOffset, type Claim, claimPartition } from './offset-rows.ts'
import { badRecord, firstReadable, type RecordSerdes, type Row, rowsOf, UnknownFieldError } from './rows.ts'
import type { PostgresSinkOptions } from './sink-options.ts'
import { mismatch, planTable, type TablePlan } from './table-plan.ts'
import { isAboutRows, writeGoodRows, writeRows } from './writer.ts'

export interface SinkSessionOptions {
  readonly name: string
  readonly pool: Pool
  readonly table: TableName
  readonly serdes: RecordSerdes
  readonly options: PostgresSinkOptions<unknown, unknown>
  readonly maxBatchRows: number
  readonly context: SinkContext
}

/** Of a table that is yet to be made: there is nothing to delete from it, and what cannot be read is still set aside. */
const noTable: TablePlan = { columns: [], keyColumns: [], knownFields: undefined, writeSql: '', deleteSql: '' }

/** Writes batches, each with its offset in one transaction. */
export class PostgresSinkSession implements SinkSession {
  readonly #options: SinkSessionOptions
  readonly #claims = new Map<string, Claim>()
  #plan: TablePlan | undefined

  constructor(options: SinkSessionOptions, plan: TablePlan | undefined) {
    this.#options = options
    this.#plan = plan
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const { pool, name } = this.#options
    const claim = await this.#guarded('claiming a partition', async () => {
      const client = await pool.connect()
      try {
        return await claimPartition(client, name, partition)
      } finally {
        client.release()
      }
    })
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
    return this.#guarded('writing a batch', async () => {
      const plan = await this.#planFor(batch)
      const { rows, bad } = await whenReady(() => this.#rowsOf(batch, plan))
      const written = await this.#write(batch, claim, plan, rows, bad)
      this.#claims.set(idOf(batch), { epoch: claim.epoch, nextOffset: batch.nextOffset })
      return written
    })
  }

  async close(): Promise<void> {
    await this.#options.pool.end()
  }

  /** Undefined as long as there is no table and no value to make one of. */
  async #planFor(batch: SinkBatch): Promise<TablePlan | undefined> {
    if (this.#plan) return this.#plan
    const { pool, table, options, serdes } = this.#options
    const first = await whenReady(() => firstReadable(batch, serdes))
    if (!first) return undefined
    const client = await pool.connect()
    try {
      this.#plan = await planTable(client, table, options, first)
    } finally {
      client.release()
    }
    if (!this.#plan) {
      throw mismatch(table, 'does not exist, and the values are no objects to make columns of; give `columns`')
    }
    return this.#plan
  }

  #rowsOf(batch: SinkBatch, plan: TablePlan | undefined): { rows: Row[]; bad: BadRecord[] } {
    const { table, options, serdes } = this.#options
    try {
      return rowsOf(batch, serdes, plan ?? noTable, options.mode)
    } catch (error) {
      // No record of this shape can ever be written: that is for people to decide, not for the dead-letter topic.
      if (error instanceof UnknownFieldError) throw mismatch(table, `has no column for the field "${error.field}"`)
      throw error
    }
  }

  async #write(
    batch: SinkBatch,
    claim: Claim,
    plan: TablePlan | undefined,
    rows: readonly Row[],
    bad: readonly BadRecord[],
  ): Promise<number> {
    const { maxBatchRows, options } = this.#options
    const how = { isUpsert: options.mode === 'upsert', maxRows: maxBatchRows }
    let unreadable = bad
    try {
      return await this.#transaction(batch, claim, async (client) => {
        if (plan) await writeRows(client, plan, rows, how)
        await this.#setAside(unreadable)
        unreadable = []
        return rows.length
      })
    } catch (error) {
      if (!plan || !isAboutRows(error)) throw error
    }
    return this.#transaction(batch, claim, async (client) => {
      const refused = await writeGoodRows(client, plan, rows, how)
      const all = refused.map(({ row, error }) => badRecord(batch, row.batch, row.offset, 'process', error))
      await this.#setAside([...unreadable, ...all].sort((a, b) => a.offset - b.offset))
      return rows.length - refused.length
    })
  }

  /** Dead letters are safe before the offset moves past them; after a crash in between they come twice, with one id. */
  async #setAside(bad: readonly BadRecord[]): Promise<void> {
    if (bad.length > 0) await this.#options.context.deadLetter(bad)
  }

  async #transaction<T>(batch: SinkBatch, claim: Claim, work: (client: PoolClient) => Promise<T>): Promise<T> {
    const { pool, name } = this.#options
    const client = await pool.connect()
    let failure: unknown
    try {
      await client.query('begin')
      // First, for its lock: a successor's claim then waits for this batch instead of failing it at the end.
      await advanceOffset(client, name, batch, claim, batch.nextOffset)
      const result = await work(client)
      await client.query('commit')
      return result
    } catch (error) {
      failure = error
      throw error
    } finally {
      // A connection whose transaction has failed is not worth saving when the failure was the connection.
      const isBroken = failure !== undefined && classify(failure) === 'environment'
      if (failure !== undefined && !isBroken) await client.query('rollback').catch(() => {})
      client.release(isBroken)
    }
  }

  async #guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    const { name, table } = this.#options
    try {
      return await work()
    } catch (error) {
      if (classify(error) === 'table') throw mismatch(table, `does not fit: ${(error as Error).message}`)
      throw postgresError(error, `${doing} of ${name}`, { connector: name })
    }
  }
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
