import { type Clock, sleep } from '@millrace/base'
import type { Client } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, tableText } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceFigures, SourceOutput, SourcePull, SourceSession } from '../../runtime/connector.ts'
import type { CapturedTable, CaptureMapper, SnapshotMark } from './capture.ts'
import { ownRows } from './catalog.ts'
import { encodePosition, type PostgresPosition } from './position.ts'
import { TextRow } from './row.ts'
import type { Notifier } from './signals/notifications.ts'
import { notifySnapshot, snapshotNotification } from './signals/signal-desk.ts'
import { readSlot } from './slots.ts'
import type { RowTexts } from './snapshots/chunk-window.ts'
import type { SnapshotProgress } from './snapshots/progress.ts'
import type { SnapshotEvent } from './snapshots/snapshotter.ts'
import { beginSnapshot, RowCursor } from './snapshots/table-reader.ts'

const pollMs = 100
/** Brokers end the transaction after 15 minutes unless told otherwise. */
const readMsMax = 14 * 60_000
/** They travel in every position until the stream has passed the snapshot. */
const idsMax = 5_000

export interface SnapshotSessionOptions {
  /** Owned by the session from here on. */
  readonly client: Client
  readonly tables: readonly CapturedTable[]
  /** Column list of the ORDER BY of one table, quoted; empty where the order does not matter. */
  readonly orderBy: (table: CapturedTable) => string
  readonly mapper: CaptureMapper
  readonly systemId: string
  /** Undefined: no stream follows. */
  readonly slot: string | undefined
  /** From where the slot reads. */
  readonly slotLsn: bigint
  /** SQL conditions by `schema.table`. */
  readonly filters: Readonly<Record<string, string>>
  /** What the position says beside where the stream goes on. */
  readonly further: Pick<PostgresPosition, 'snapshot' | 'tables' | 'vanished' | 'publications' | 'marks' | 'timeline'>
  readonly notifier: Notifier
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly report: (activity: string) => void
}

/**
 * The rows that were there before the slot, all in one Kafka transaction together with the position from which the
 * stream goes on: a crash in between leaves nothing behind and the snapshot begins anew.
 *
 * The slot comes first, then the snapshot, so some changes are both in the snapshot and in the stream. The position
 * carries what the snapshot saw, and the stream leaves that out. What is neither must not exist: a transaction is visible
 * only a little after its commit record was written, so one could lie before the slot's start and still be invisible. All
 * transactions that were running when the slot was ready are waited for, as PostgreSQL's own CREATE INDEX CONCURRENTLY does.
 */
export class SnapshotSession implements SourceSession {
  readonly #options: SnapshotSessionOptions
  readonly #row = new TextRow()
  #position: PostgresPosition | undefined
  #catalogXmin = '0'
  readonly #ids: string[] = []
  #snapshotMs = 0
  /** The next transaction when the snapshot was taken. */
  #snapshotXid = 0
  #table = 0
  #cursor: RowCursor | undefined
  /** The row read last: what it is marked as depends on whether another one follows. */
  #held: RowTexts | undefined
  #tableRows = 0
  #isDone = false

  constructor(options: SnapshotSessionOptions) {
    this.#options = options
  }

  async pull(output: SourceOutput): Promise<SourcePull | undefined> {
    if (this.#isDone) return undefined
    try {
      this.#position ??= await this.#begin()
      while (!output.isFull && this.#table < this.#options.tables.length) await this.#fetch(output)
      this.#checkTime()
      this.#isDone = this.#table === this.#options.tables.length
      if (this.#isDone) this.#tellEnd()
      this.#options.notifier.flush(output)
    } catch (error) {
      throw postgresError(error, 'reading the initial snapshot')
    }
    const position = encodePosition(this.#withIds(this.#position))
    return this.#isDone ? { position, transaction: 'commit', isLast: true } : { position, transaction: 'continue' }
  }

  async #begin(): Promise<PostgresPosition> {
    const { client, clock, report, systemId, slot, slotLsn, further } = this.#options
    if (slot !== undefined) await this.#settle(slot)
    report('reading the initial snapshot')
    const { text: snapshot, untilLsn } = await beginSnapshot(client)
    this.#snapshotMs = clock.now()
    this.#snapshotXid = Number(snapshot.split(':')[1])
    this.#options.notifier.notify({ ...snapshotNotification(this.#told(0)), type: 'STARTED' }, this.#snapshotMs)
    const start = { lsn: slotLsn, index: 0, systemId, ...further }
    return slot === undefined ? start : { ...start, handover: { seen: { snapshot }, untilLsn } }
  }

  /** Waits for the transactions that were running when the slot was ready. */
  async #settle(slot: string): Promise<void> {
    const { client, clock, signal, report } = this.#options
    this.#catalogXmin = (await readSlot(client, slot))?.catalogXmin ?? '0'
    const now = await client.query<{ xmax: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax')
    const xmax = BigInt(now.rows[0]!.xmax)
    for (;;) {
      const oldest = await client.query<{ xmin: string }>(
        'select pg_snapshot_xmin(pg_current_snapshot())::text as xmin',
      )
      if (BigInt(oldest.rows[0]!.xmin) >= xmax) return
      report('waiting for transactions that began before the replication slot')
      await sleep(clock, pollMs, signal)
    }
  }

  /** Better than to be cut off by the broker and to begin anew again and again. */
  #checkTime(): void {
    const minutes = (this.#options.clock.now() - this.#snapshotMs) / 60_000
    if (minutes * 60_000 < readMsMax) return
    const message = `the initial snapshot takes longer than ${Math.floor(minutes)} minutes in one transaction`
    throw connectError('POSTGRES_SNAPSHOT_TOO_LONG', message, { minutes: Math.floor(minutes) })
  }

  #withIds(position: PostgresPosition): PostgresPosition {
    const { idOf, youngest } = this.#options.mapper
    if (!idOf || !position.handover) return position
    const handover = { seen: { ids: this.#ids }, untilLsn: position.handover.untilLsn }
    return { ...position, handover, ...(youngest !== undefined && { youngest }) }
  }

  async #fetch(output: SourceOutput): Promise<void> {
    const table = this.#options.tables[this.#table]!
    this.#cursor ??= await this.#open(table)
    for (const values of await this.#cursor.fetch()) {
      if (this.#held) this.#append(table, this.#held, false, output)
      this.#held = values
    }
    if (!this.#cursor.isAtEnd) return
    if (this.#held) this.#append(table, this.#held, true, output)
    await this.#cursor.close()
    this.#tell({ type: 'TABLE_SCAN_COMPLETED', status: this.#tableRows > 0 ? 'SUCCEEDED' : 'EMPTY' })
    this.#cursor = undefined
    this.#held = undefined
    this.#tableRows = 0
    this.#table++
  }

  async #open(table: CapturedTable): Promise<RowCursor> {
    const { client, orderBy, filters, mapper } = this.#options
    await mapper.describe?.(table.relation, { client })
    const names = table.relation.columns.map((column) => quoteIdentifier(column.name))
    // Whether the row's transaction may be in the slot's log as well.
    const columns = [...names, `age(xmin) <= age('${this.#catalogXmin}'::xid)`].join(', ')
    const order = orderBy(table)
    const filter = filters[tableText(table.relation)]
    await client.query(
      `declare millrace_rows no scroll cursor for select ${columns} from ${ownRows(table)}
       ${filter === undefined ? '' : `where (${filter})`} ${order && `order by ${order}`}`,
    )
    return new RowCursor(client, table.relation)
  }

  #append(table: CapturedTable, values: RowTexts, isLast: boolean, output: SourceOutput): void {
    const { mapper, slotLsn } = this.#options
    const snapshot = this.#markOf(isLast)
    const source = { commitLsn: slotLsn, commitTimeMs: this.#snapshotMs, xid: this.#snapshotXid, index: 0, snapshot }
    mapper.snapshotRow(table.relation, this.#row.load(values), source, output)
    this.#tableRows++
    if (mapper.idOf && values.at(-1) === 't') this.#remember(mapper.idOf(table.relation, this.#row))
  }

  /** As Debezium marks rows: the end goes before the beginning, and the whole before the table. */
  #markOf(isLast: boolean): SnapshotMark {
    const isFirst = this.#tableRows === 0
    if (isLast && this.#table === this.#options.tables.length - 1) return 'last'
    if (isFirst && this.#table === 0) return 'first'
    if (isLast) return 'last_in_data_collection'
    return isFirst ? 'first_in_data_collection' : 'true'
  }

  #remember(id: string): void {
    this.#ids.push(id)
    if (this.#ids.length <= idsMax) return
    const message = `more than ${idsMax} outbox rows were written after slot "${this.#options.slot}" was created`
    throw connectError('POSTGRES_SLOT_TOO_OLD', message, { slot: this.#options.slot })
  }

  /** What is left, as snapshots that run beside the stream tell it. */
  #told(from: number): SnapshotProgress {
    const { tables, further } = this.#options
    const atOnce = tables.slice(from).map(({ relation }) => ({ table: tableText(relation) }))
    return {
      id: 'initial',
      kind: 'initial',
      tables: [...atOnce, ...(further.snapshot?.tables ?? [])],
      rows: this.#tableRows,
    }
  }

  #tell(event: SnapshotEvent): void {
    const { notifier, clock } = this.#options
    notifySnapshot(notifier, this.#told(this.#table), event, clock.now())
  }

  /** Where tables are left that are read beside the stream, the last of those ends the snapshot. */
  #tellEnd(): void {
    if (!this.#options.further.snapshot) this.#tell({ type: 'COMPLETED' })
  }

  async commit(): Promise<void> {
    if (!this.#isDone) throw connectError('CONNECT_STOPPED', 'a snapshot cannot be committed in parts')
  }

  figures(): SourceFigures {
    return { lagBytes: undefined, lastEventMs: undefined }
  }

  async close(): Promise<void> {
    await this.#options.mapper.close?.()
    await this.#options.client.end().catch(() => {})
  }
}

/** The session of a source that has nothing more to do: it stays open, so that the source counts as running. */
export class IdleSession implements SourceSession {
  readonly #closed = Promise.withResolvers<void>()
  readonly #report: (activity: string) => void

  constructor(report: (activity: string) => void) {
    this.#report = report
  }

  async pull(_output: SourceOutput, maxWaitMs: number): Promise<undefined> {
    this.#report('the snapshot is complete, changes are not captured')
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, maxWaitMs)
    await Promise.race([promise, this.#closed.promise])
    clearTimeout(timer)
  }

  async commit(): Promise<void> {}

  figures(): SourceFigures {
    return { lagBytes: undefined, lastEventMs: undefined }
  }

  async close(): Promise<void> {
    this.#closed.resolve()
  }
}
