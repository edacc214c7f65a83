import { type Clock, sleep } from '@millrace/base'
import type { Client, CustomTypesConfig } from 'pg'
import { connectError } from '../../errors.ts'
import { quoteIdentifier, quoteTable } from '../../postgres/identifiers.ts'
import { postgresError } from '../../postgres/postgres-errors.ts'
import type { SourceFigures, SourceOutput, SourcePull, SourceSession } from '../../runtime/connector.ts'
import type { CapturedTable, CaptureMapper } from './capture.ts'
import { parseLsn } from './lsn.ts'
import { encodePosition, type PostgresPosition } from './position.ts'
import { TextRow } from './row.ts'
import { readSlot } from './slots.ts'

const fetchRows = 2_000
const pollMs = 100
/** They travel in every position until the stream has passed the snapshot. */
const idsMax = 5_000

/** Values as the server prints them, as in the replication stream; a cast to text would print some differently. */
const rawTexts = { getTypeParser: () => (text: string) => text } as unknown as CustomTypesConfig

export interface SnapshotSessionOptions {
  /** Owned by the session from here on. */
  readonly client: Client
  readonly tables: readonly CapturedTable[]
  /** Column list of the ORDER BY of one table, quoted; empty where the order does not matter. */
  readonly orderBy: (table: CapturedTable) => string
  readonly mapper: CaptureMapper
  readonly systemId: string
  readonly slot: string
  /** From where the slot reads. */
  readonly slotLsn: bigint
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
  #table = 0
  #isCursorOpen = false
  #isDone = false

  constructor(options: SnapshotSessionOptions) {
    this.#options = options
  }

  async pull(output: SourceOutput): Promise<SourcePull | undefined> {
    if (this.#isDone) return undefined
    try {
      this.#position ??= await this.#begin()
      while (!output.isFull && this.#table < this.#options.tables.length) await this.#fetch(output)
    } catch (error) {
      throw postgresError(error, 'reading the initial snapshot')
    }
    this.#isDone = this.#table === this.#options.tables.length
    const position = encodePosition(this.#withIds(this.#position))
    return this.#isDone ? { position, transaction: 'commit', isLast: true } : { position, transaction: 'continue' }
  }

  async #begin(): Promise<PostgresPosition> {
    const { client, clock, signal, report, systemId, slot, slotLsn } = this.#options
    this.#catalogXmin = (await readSlot(client, slot))?.catalogXmin ?? '0'
    const now = await client.query<{ xmax: string }>('select pg_snapshot_xmax(pg_current_snapshot())::text as xmax')
    const xmax = BigInt(now.rows[0]!.xmax)
    for (;;) {
      const oldest = await client.query<{ xmin: string }>(
        'select pg_snapshot_xmin(pg_current_snapshot())::text as xmin',
      )
      if (BigInt(oldest.rows[0]!.xmin) >= xmax) break
      report('waiting for transactions that began before the replication slot')
      await sleep(clock, pollMs, signal)
    }
    report('reading the initial snapshot')
    await client.query('begin transaction isolation level repeatable read, read only')
    const { rows } = await client.query<{ snapshot: string; lsn: string }>(
      'select pg_current_snapshot()::text as snapshot, pg_current_wal_insert_lsn()::text as lsn',
    )
    this.#snapshotMs = clock.now()
    const { snapshot, lsn } = rows[0]!
    return { lsn: slotLsn, index: 0, systemId, handover: { seen: { snapshot }, untilLsn: parseLsn(lsn) } }
  }

  #withIds(position: PostgresPosition): PostgresPosition {
    if (!this.#options.mapper.idOf || !position.handover) return position
    return { ...position, handover: { seen: { ids: this.#ids }, untilLsn: position.handover.untilLsn } }
  }

  async #fetch(output: SourceOutput): Promise<void> {
    const { client, tables, mapper, orderBy, slotLsn } = this.#options
    const table = tables[this.#table]!
    if (!this.#isCursorOpen) {
      const names = table.relation.columns.map((column) => quoteIdentifier(column.name))
      // Whether the row's transaction may be in the slot's log as well.
      const columns = [...names, `age(xmin) <= age('${this.#catalogXmin}'::xid)`].join(', ')
      const order = orderBy(table)
      await client.query(
        `declare millrace_snapshot no scroll cursor for select ${columns} from ${quoteTable(table.relation)}${order && ` order by ${order}`}`,
      )
      this.#isCursorOpen = true
    }
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch ${fetchRows} from millrace_snapshot`,
      rowMode: 'array',
      types: rawTexts,
    })
    const source = { commitLsn: slotLsn, commitTimeMs: this.#snapshotMs, xid: 0, index: 0 }
    for (const values of rows) {
      mapper.snapshotRow(table.relation, this.#row.load(values), source, output)
      if (mapper.idOf && values.at(-1) === 't') this.#remember(mapper.idOf(table.relation, this.#row))
    }
    if (rows.length === fetchRows) return
    await client.query('close millrace_snapshot')
    this.#isCursorOpen = false
    this.#table++
  }

  #remember(id: string): void {
    this.#ids.push(id)
    if (this.#ids.length <= idsMax) return
    const message = `more than ${idsMax} outbox rows were written after slot "${this.#options.slot}" was created`
    throw connectError('POSTGRES_SLOT_TOO_OLD', message, { slot: this.#options.slot })
  }

  async commit(): Promise<void> {
    if (!this.#isDone) throw connectError('CONNECT_STOPPED', 'a snapshot cannot be committed in parts')
  }

  figures(): SourceFigures {
    return { lagBytes: undefined, lastEventMs: undefined }
  }

  async close(): Promise<void> {
    await this.#options.client.end().catch(() => {})
  }
}
