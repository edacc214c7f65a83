import { whenReady } from '@millrace/contracts'
import { connectError } from '../../errors.ts'
import type { BadRecord, SinkBatch, SinkContext, SinkPartition, SinkSession } from '../../runtime/connector.ts'
import { badRecord } from '../bad-record.ts'
import type { RecordDecoder } from '../record-decoder.ts'
import { tableText } from '../sql/dialect.ts'
import { type Row, RowReader } from '../sql/rows.ts'
import type { SqlSinkSettings } from '../sql/settings.ts'
import { mismatch } from '../sql/table-plan.ts'
import { TablePlans } from '../sql/table-plans.ts'
import { BatchLog, type Bounds, type PartitionClaim } from './batch-log.ts'
import { classify, clickHouseError } from './clickhouse-errors.ts'
import type { ClickHouseConnection } from './connection.ts'
import { clickHouseDialect } from './dialect.ts'
import { insertRows, type RefusedRow } from './insert.ts'
import { InsertCounts, tablesOf } from './insert-counts.ts'

export interface ClickHouseSessionParts {
  readonly connection: ClickHouseConnection
  readonly settings: SqlSinkSettings
  readonly decoder: RecordDecoder
  readonly context: SinkContext
}

interface HeldPartition {
  readonly claim: PartitionClaim
  /** Read and not yet written: what belongs to a batch that was begun and is not complete. */
  rows: Row[]
  bad: BadRecord[]
}

/**
 * Writes batches, each as one insert per table under a token that names its bounds. The bounds are written down before, so
 * that a batch whose end nobody knows is written again with the same ones, which the table recognises.
 */
export class ClickHouseSinkSession implements SinkSession {
  readonly #parts: ClickHouseSessionParts
  readonly #log: BatchLog
  readonly #plans: TablePlans
  readonly #counts: InsertCounts
  readonly #partitions = new Map<string, HeldPartition>()
  #written: ReadonlySet<string> = new Set()

  constructor(parts: ClickHouseSessionParts) {
    this.#parts = parts
    this.#log = new BatchLog(parts.connection, parts.settings.name)
    this.#plans = new TablePlans(clickHouseDialect, parts.settings)
    this.#counts = new InsertCounts(parts.connection)
  }

  /** To be called before anything else. */
  async prepare(): Promise<void> {
    await this.#guarded('opening', async () => {
      await this.#log.ensureTable()
      this.#written = await this.#log.writtenTables()
      await this.#plans.check(this.#parts.connection, (table) => this.#written.has(table))
    })
  }

  async claim(partition: SinkPartition): Promise<number | undefined> {
    const claim = await this.#guarded('claiming a partition of', () => this.#log.claim(partition))
    this.#partitions.set(idOf(partition), { claim, rows: [], bad: [] })
    return claim.begun?.first ?? claim.nextOffset
  }

  release(partition: SinkPartition): void {
    this.#partitions.delete(idOf(partition))
  }

  async put(batch: SinkBatch): Promise<number> {
    const held = this.#partitions.get(idOf(batch))
    if (!held) {
      const { topic, partition } = batch
      const message = `partition ${partition} of ${topic} is not claimed`
      throw connectError('CONNECT_SINK_FENCED', message, { topic, partition })
    }
    return this.#guarded('writing a batch of', async () => {
      const { rows, bad } = await this.#read(batch)
      held.rows = held.rows.length === 0 ? rows : [...held.rows, ...rows]
      held.bad = [...held.bad, ...bad]
      const { begun } = held.claim
      if (!begun) return this.#write(held, { first: batch.firstOffset, next: batch.nextOffset })
      // Only the whole of it has the bounds by which the table recognises it.
      if (batch.nextOffset < begun.next) return 0
      const again = await this.#write(held, begun)
      if (batch.nextOffset === begun.next) return again
      return again + (await this.#write(held, { first: begun.next, next: batch.nextOffset }))
    })
  }

  async close(): Promise<void> {
    await this.#parts.connection.close()
  }

  async #read(batch: SinkBatch): Promise<RowReader> {
    const reader = await this.#readAsKnown(batch)
    if (reader.bad.every(({ stage }) => stage === 'deserialize')) return reader
    // A value that does not fit may fit the column as it is now: someone may have altered it.
    this.#plans.forget()
    return this.#readAsKnown(batch)
  }

  async #readAsKnown(batch: SinkBatch): Promise<RowReader> {
    const { decoder, settings, connection } = this.#parts
    const reader = new RowReader(batch, decoder, settings)
    for (;;) {
      const wanting = await whenReady(() =>
        reader.read((table, record, mutation) => this.#plans.lookup(table, record, mutation)),
      )
      if (!wanting) return reader
      await this.#plans.prepare(
        wanting,
        async () => connection,
        (table) => this.#written.has(table),
      )
    }
  }

  /** Writes what is held within the bounds. */
  async #write(held: HeldPartition, bounds: Bounds): Promise<number> {
    const { claim } = held
    const rows = held.rows.filter(({ offset }) => offset < bounds.next)
    const unreadable = held.bad.filter(({ offset }) => offset < bounds.next)
    held.rows = held.rows.filter(({ offset }) => offset >= bounds.next)
    held.bad = held.bad.filter(({ offset }) => offset >= bounds.next)
    if (rows.length > 0) {
      const isAgain = claim.begun === bounds
      if (isAgain && claim.begunAt) await this.#counts.check(this.#parts.settings.name, bounds, claim.begunAt)
      await this.#log.begin(claim, bounds, isAgain ? claim.begunAt : await this.#counts.of(tablesOf(rows)))
    } else await this.#log.check(claim)
    const refused = await this.#insert(claim, bounds, rows)
    const all = refused.map(({ row, error }) => badRecord(claim.partition, row.batch, row.offset, 'process', error))
    const bad = [...unreadable, ...all].sort((a, b) => a.offset - b.offset)
    if (bad.length > 0) await this.#parts.context.deadLetter(bad)
    await this.#log.finish(claim, bounds.next)
    return rows.length - refused.length
  }

  /** One insert per table, whatever the rows look like: which rows a token stands for must not depend on anything else. */
  async #insert({ partition }: PartitionClaim, { first, next }: Bounds, rows: readonly Row[]): Promise<RefusedRow[]> {
    const { connection, settings } = this.#parts
    const byTable = Map.groupBy(rows, ({ plan }) => tableText(plan.table))
    const token = `${settings.name}/${partition.topicId}/${partition.partition}/${first}-${next}`
    const refused: RefusedRow[] = []
    for (const [table, part] of byTable) {
      if (!this.#written.has(table)) {
        await this.#log.recordTable(table)
        this.#written = new Set([...this.#written, table])
      }
      refused.push(...(await insertRows(connection, part, token)))
    }
    return refused
  }

  async #guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    const { name } = this.#parts.settings
    try {
      return await work()
    } catch (error) {
      if (classify(error) === 'table') throw mismatch(`of ${name}`, `does not fit: ${(error as Error).message}`)
      throw clickHouseError(error, `${doing} ${name}`, { connector: name })
    }
  }
}

function idOf({ topicId, partition }: SinkPartition): string {
  return `${topicId}/${partition}`
}
