import type { Clock } from '@millrace/base'
import type { Client } from 'pg'
import { abandon, connectClient, textSettings } from '../../../postgres/driver.ts'
import { classify, codeOf, postgresError } from '../../../postgres/postgres-errors.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'
import type { CaptureMapper } from '../capture.ts'
import { type Relation, type RowView, TextRow } from '../row.ts'
import { snapshotVisibility } from '../visibility.ts'
import { ChunkWindow, type RowTexts } from './chunk-window.ts'
import type { SnapshotProgress } from './progress.ts'
import type { RecentTransactions } from './recent-transactions.ts'
import {
  beginSnapshot,
  bytesOf,
  type DatabaseSnapshot,
  greatestKey,
  type KeyedTable,
  openRows,
  type RowCursor,
  readKeyedTable,
} from './table-reader.ts'

const nudgeMs = 1_000
/** Of a message in the log that means nothing. */
export const nudgePrefix = 'millrace:flush'

export interface SnapshotterOptions {
  readonly url: string
  readonly applicationName: string
  readonly mapper: CaptureMapper
  readonly publications: readonly string[]
  /** Rows of one chunk, at most. */
  readonly chunkRows: number
  /** About so many bytes of rows are in memory at a time. */
  readonly chunkBytes: number
  readonly clock: Clock
  /**
   * Transaction id below which all transactions must have ended before rows are read: what was published of them before this
   * session may not be visible yet.
   */
  readonly afterXid: string
  readonly notify: (progress: SnapshotProgress, event: SnapshotEvent) => void
}

export type SnapshotEvent =
  | { readonly type: 'IN_PROGRESS' | 'COMPLETED' }
  | {
      readonly type: 'TABLE_SCAN_COMPLETED'
      readonly status: 'SUCCEEDED' | 'EMPTY' | 'SKIPPED'
      readonly reason?: string
    }

/** Rows that were read, and how far the stream has to come before they may be published. */
type Reading =
  | {
      readonly kind: 'chunk'
      readonly window: ChunkWindow
      readonly untilLsn: bigint
      readonly after: readonly string[] | undefined
      readonly isLast: boolean
    }
  | {
      readonly kind: 'table'
      readonly cursor: RowCursor
      readonly snapshot: DatabaseSnapshot
      readonly untilLsn: bigint
      readonly isVisible: (xid: number) => boolean
      isStale: boolean
    }

/** So often a table that is altered while it is looked at is tried again. */
const readAttemptsMax = 5

/**
 * Reads tables beside the stream, part by part, without locks and without writing to the database.
 *
 * Each part is read in a database snapshot of its own and then waits until the stream has passed that snapshot; what the
 * stream brought meanwhile and the snapshot did not see takes the place of the row (DBLog's watermarks, with
 * `pg_current_snapshot()` in their place). A part goes to Kafka together with the progress, so that a restart goes on with
 * the next one.
 *
 * Tables without a key cannot be read in parts. They, and those of a `blocking` snapshot, are read through one cursor while
 * the stream is held where that cursor's snapshot was taken.
 */
export class Snapshotter {
  readonly #options: SnapshotterOptions
  readonly #row = new TextRow()
  #progress: SnapshotProgress | undefined
  #client: Client | undefined
  #reading: Reading | undefined
  #attempts = 0
  #nudgedMs = 0

  constructor(options: SnapshotterOptions, progress: SnapshotProgress | undefined) {
    this.#options = options
    // Without a key there is no going on in the middle of a table.
    this.#progress = progress && !progress.after ? { ...progress, rows: 0 } : progress
  }

  get progress(): SnapshotProgress | undefined {
    return this.#progress
  }

  /** Replaces what is to be read; what was read and is not published is read again. */
  async change(progress: SnapshotProgress | undefined): Promise<void> {
    this.#progress = progress
    await this.#drop()
    if (!progress) await this.close()
  }

  /** Whether rows are to be read now. */
  get isActive(): boolean {
    return this.#progress !== undefined && this.#progress.isPaused !== true
  }

  /** The stream has to pass this point before `publish`; undefined when nothing waits. */
  get untilLsn(): bigint | undefined {
    return this.#reading?.untilLsn
  }

  /** Reads the next part, unless one waits. Resolves to false when transactions under way have to end first. */
  async read(recent: RecentTransactions): Promise<boolean> {
    const task = this.#progress?.tables[0]
    if (!task || this.#reading) return this.#reading !== undefined
    try {
      const client = await this.#connected()
      const snapshot = await beginSnapshot(client)
      const isVisible = snapshotVisibility(snapshot.text)
      const [xmin = '0'] = snapshot.text.split(':')
      const isSettled = recent.areVisible(isVisible) && BigInt(xmin) >= later(task.afterXid, this.#options.afterXid)
      if (isSettled) this.#reading = await this.#readFirst(client, snapshot, isVisible)
      // Without rows the table was the last one, perhaps, and the connection is closed.
      if (this.#reading?.kind !== 'table' && this.#client === client) await client.query('rollback')
      this.#attempts = 0
      this.#nudgedMs = 0
      return isSettled
    } catch (error) {
      await this.#drop()
      this.#failed(error, task.table)
      return true
    }
  }

  /**
   * A table that was dropped, a condition that the database refuses: who asked for the snapshot is told, and the stream
   * goes on. The initial snapshot leaves nothing out: there it ends the source.
   */
  #failed(error: unknown, table: string): void {
    const kind = codeOf(error) === 'POSTGRES_TABLE_MISSING' ? 'table' : classify(error)
    // Altered between looking at it and reading it, perhaps.
    if (kind === 'table' && ++this.#attempts < readAttemptsMax) return
    if (kind === 'environment' || kind === 'access' || kind === 'pooler' || this.#progress?.kind === 'initial') {
      throw postgresError(error, `reading the snapshot of ${table}`)
    }
    this.#attempts = 0
    this.#finishTable('SKIPPED', error instanceof Error ? error.message : String(error))
  }

  async #readFirst(
    client: Client,
    snapshot: DatabaseSnapshot,
    isVisible: (xid: number) => boolean,
  ): Promise<Reading | undefined> {
    const progress = this.#progress!
    const task = progress.tables[0]!
    const keyed = await readKeyedTable(client, task, this.#options.publications)
    await this.#options.mapper.describe?.(keyed.table.relation, { client })
    const { untilLsn } = snapshot
    if (keyed.key.length === 0 || progress.kind === 'blocking') {
      const cursor = await openRows(client, keyed, {})
      return { kind: 'table', cursor, snapshot, untilLsn, isVisible, isStale: false }
    }
    const isAltered = progress.until?.length !== keyed.order.length
    if (isAltered) {
      // Not begun yet, or begun by a key that the table has no more.
      this.#progress = withoutKeys(progress)
      const until = await greatestKey(client, keyed)
      if (!until) {
        this.#finishTable('EMPTY')
        return undefined
      }
      this.#progress = { ...this.#progress, until }
    }
    return this.#readChunk(client, keyed, untilLsn, isVisible)
  }

  async #readChunk(
    client: Client,
    keyed: KeyedTable,
    untilLsn: bigint,
    isVisible: (xid: number) => boolean,
  ): Promise<Reading> {
    const { chunkRows, chunkBytes } = this.#options
    const { after, until } = this.#progress!
    const cursor = await openRows(client, keyed, { after, until, limit: chunkRows })
    const rows: RowTexts[] = []
    for (let bytes = 0; !cursor.isAtEnd && bytes < chunkBytes && rows.length < chunkRows; ) {
      const fetched = await cursor.fetch()
      rows.push(...fetched)
      bytes += bytesOf(fetched)
    }
    const { relation } = keyed.table
    const last = rows.at(-1)
    const lastKey = keyed.order.map(({ name }) => last?.[relation.columns.findIndex((c) => c.name === name)] ?? '')
    const key = keyed.key.map(({ name }) => name)
    return {
      kind: 'chunk',
      window: new ChunkWindow({ relation, key, rows, isVisible }),
      untilLsn,
      after: last ? lastKey : after,
      isLast: cursor.isAtEnd && rows.length < chunkRows,
    }
  }

  /**
   * Makes the server flush its log up to where rows wait for the stream to come. On an idle server the last records may be
   * ones that nobody waits for (a page that was tidied up while it was read), and they lie in memory until the next commit.
   */
  async nudge(): Promise<void> {
    const nowMs = this.#options.clock.now()
    if (!this.#reading || nowMs - this.#nudgedMs < nudgeMs) return
    this.#nudgedMs = nowMs
    const { url, applicationName } = this.#options
    const isBusy = this.#reading.kind === 'table'
    const client = isBusy ? await connectClient(url, applicationName) : this.#client
    // Where it is not allowed to write, the server's own next commit or checkpoint does the same.
    await client?.query('select pg_logical_emit_message(true, $1, $2)', [nudgePrefix, '']).catch(() => {})
    if (isBusy) await client?.end().catch(() => {})
  }

  /** To be told of every change that the stream brings while rows wait. */
  changed(relation: Relation, xid: number, row: RowView | undefined, old: RowView | undefined): void {
    const reading = this.#reading
    if (reading?.kind === 'chunk') reading.window.changed(relation, xid, row, old)
    else if (reading && relation.oid === reading.cursor.relation.oid && !reading.isVisible(xid)) reading.isStale = true
  }

  truncated(relation: Relation, xid: number): void {
    if (this.#reading?.kind === 'chunk') this.#reading.window.truncated(relation, xid)
    else this.changed(relation, xid, undefined, undefined)
  }

  /**
   * The stream has passed `untilLsn`: puts rows that wait into the output. While rows of the same cursor are left,
   * `untilLsn` stays and the stream must not go on.
   */
  async publish(output: SourceOutput, lsn: bigint): Promise<void> {
    const reading = this.#reading
    if (!reading) return
    if (reading.kind === 'table') {
      await this.#publishRows(reading, output, lsn)
      return
    }
    this.#reading = undefined
    if (reading.window.isSpoiled) return
    const { progress } = this
    const count = this.#append(reading.window.relation, reading.window.rows, output, lsn)
    const { after, isLast } = reading
    this.#progress = { ...progress!, rows: progress!.rows + count, ...(after && { after }) }
    if (isLast) this.#finishTable('SUCCEEDED')
    else this.#options.notify(this.#progress, { type: 'IN_PROGRESS' })
  }

  async #publishRows(reading: Reading & { kind: 'table' }, output: SourceOutput, lsn: bigint): Promise<void> {
    // Something that the cursor does not show was published before the stream was held: its rows would be older.
    if (reading.isStale) return this.#drop()
    try {
      while (!output.isFull && !reading.cursor.isAtEnd) {
        const rows = await reading.cursor.fetch()
        const count = this.#append(reading.cursor.relation, rows, output, lsn)
        this.#progress = { ...this.#progress!, rows: this.#progress!.rows + count }
      }
    } catch (error) {
      throw postgresError(error, 'reading a snapshot')
    }
    if (!reading.cursor.isAtEnd) return
    await this.#drop()
    this.#finishTable('SUCCEEDED')
  }

  #append(relation: Relation, rows: Iterable<RowTexts>, output: SourceOutput, commitLsn: bigint): number {
    const { mapper, clock } = this.#options
    const snapshot = this.#progress?.kind === 'incremental' ? 'incremental' : 'true'
    const source = { commitLsn, commitTimeMs: clock.now(), xid: 0, index: 0, snapshot } as const
    let count = 0
    for (const row of rows) {
      mapper.snapshotRow(relation, this.#row.load(row), source, output)
      count++
    }
    return count
  }

  #finishTable(status: 'SUCCEEDED' | 'EMPTY' | 'SKIPPED', reason?: string): void {
    const done = this.#progress!
    const { id, kind, tables } = done
    const left = tables.slice(1)
    const { notify } = this.#options
    notify(done, { type: 'TABLE_SCAN_COMPLETED', status, ...(reason !== undefined && { reason }) })
    this.#progress = left.length > 0 ? { id, kind, tables: left, rows: 0 } : undefined
    if (this.#progress) return
    notify(done, { type: 'COMPLETED' })
    const client = this.#client
    this.#client = undefined
    client?.end().catch(() => {})
  }

  async #connected(): Promise<Client> {
    if (!this.#client) {
      this.#client = await connectClient(this.#options.url, this.#options.applicationName)
      await this.#client.query(textSettings)
    }
    return this.#client
  }

  /** Forgets what was read and ends the transaction that it was read in. */
  async #drop(): Promise<void> {
    this.#reading = undefined
    await this.#client?.query('rollback').catch(() => {})
  }

  /** Ends what is being read, which then fails. */
  abandon(): void {
    abandon(this.#client)
  }

  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }
}

function later(one = '0', other = '0'): bigint {
  return BigInt(one) > BigInt(other) ? BigInt(one) : BigInt(other)
}

function withoutKeys({ id, kind, tables }: SnapshotProgress): SnapshotProgress {
  return { id, kind, tables, rows: 0 }
}
