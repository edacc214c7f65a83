import type { Clock } from '@millrace/base'
import type { SourceFigures, SourceOutput, SourcePull, SourceSession, StoredPosition } from '../../runtime/connector.ts'
import type { CaptureMapper } from './capture.ts'
import { type LogicalMessage, PgoutputReader, type RowChange } from './pgoutput.ts'
import { decodePosition, encodePosition, type PostgresPosition } from './position.ts'
import type { ReplicationFeed } from './replication-feed.ts'
import type { Relation } from './row.ts'
import { TransactionFilter } from './transaction-filter.ts'

export interface StreamSessionOptions {
  readonly name: string
  readonly feed: ReplicationFeed
  readonly mapper: CaptureMapper
  readonly position: PostgresPosition
  /** How often an idle source moves its stored position along with the server's log. */
  readonly heartbeatIntervalMs: number
  readonly clock: Clock
}

/** Changes from the replication stream on, after the snapshot if there was one. */
export class StreamSession implements SourceSession {
  readonly #options: StreamSessionOptions
  readonly #reader: PgoutputReader
  readonly #filter: TransactionFilter
  #output: SourceOutput | undefined
  #pulledLsn: bigint
  #committedLsn: bigint
  #lastPositionMs: number
  #lastEventMs: number | undefined

  constructor(options: StreamSessionOptions) {
    this.#options = options
    this.#pulledLsn = options.position.lsn
    this.#committedLsn = options.position.lsn
    this.#lastPositionMs = options.clock.now()
    this.#filter = new TransactionFilter(options.position)
    this.#reader = new PgoutputReader({
      begin: (transaction) => this.#filter.begin(transaction),
      commit: (transaction) => this.#filter.commit(transaction),
      row: (change) => this.#row(change),
      truncate: (relations) => this.#truncate(relations),
      message: (message) => this.#message(message),
    })
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const { feed } = this.#options
    await feed.wait(maxWaitMs)
    this.#output = output
    while (!output.isFull) {
      const message = feed.queue.shift()
      if (!message) break
      this.#reader.read(message)
    }
    this.#output = undefined
    feed.resumeIfDrained()
    if (output.records > 0) return this.#pulled()
    // Transactions without anything for us, other tables, other databases: their log must not stay because of us. The
    // position goes to Kafka first; a slot that is ahead of the stored position would be refused at the next start.
    if (feed.queue.length === 0) this.#filter.idle(feed.idleLsn)
    const isDue = this.#options.clock.now() - this.#lastPositionMs >= this.#options.heartbeatIntervalMs
    const { lsn } = this.#filter.position()
    return isDue && lsn > this.#pulledLsn ? this.#pulled() : undefined
  }

  #pulled(): SourcePull {
    const position = this.#filter.position()
    this.#pulledLsn = position.lsn
    this.#lastPositionMs = this.#options.clock.now()
    return { position: encodePosition(position), transaction: 'commit' }
  }

  async commit(stored: StoredPosition): Promise<void> {
    const { lsn } = decodePosition(stored, this.#options.name)
    this.#committedLsn = lsn
    this.#options.feed.confirm(lsn)
  }

  figures(): SourceFigures {
    const { serverLsn } = this.#options.feed
    const behind = serverLsn - this.#committedLsn
    return {
      lagBytes: serverLsn === 0n ? undefined : Number(behind > 0n ? behind : 0n),
      lastEventMs: this.#lastEventMs,
    }
  }

  close(): Promise<void> {
    return this.#options.feed.close()
  }

  #row(change: RowChange): void {
    const index = this.#filter.event()
    if (index < 0) return
    const { commitLsn, commitTimeMs, xid, seenIds } = this.#filter
    this.#lastEventMs = commitTimeMs
    const { mapper } = this.#options
    if (seenIds && change.row && mapper.idOf && seenIds.has(mapper.idOf(change.relation, change.row))) return
    mapper.change(change, { commitLsn, commitTimeMs, xid, index }, this.#output!)
  }

  #truncate(relations: readonly Relation[]): void {
    const index = this.#filter.event()
    if (index < 0) return
    const { commitLsn, commitTimeMs, xid } = this.#filter
    for (const relation of relations) {
      this.#options.mapper.truncate(relation, { commitLsn, commitTimeMs, xid, index }, this.#output!)
    }
  }

  #message(message: LogicalMessage): void {
    const { clock, mapper } = this.#options
    if (message.isTransactional) {
      const index = this.#filter.event()
      if (index < 0) return
      const { commitLsn, commitTimeMs, xid } = this.#filter
      mapper.message?.(message, { commitLsn, commitTimeMs, xid, index }, this.#output!)
    } else if (this.#filter.message(message.lsn)) {
      const source = { commitLsn: message.lsn, commitTimeMs: clock.now(), xid: 0, index: 0 }
      mapper.message?.(message, source, this.#output!)
    }
  }
}
