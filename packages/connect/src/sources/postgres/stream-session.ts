import { type Clock, isMillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { connectError } from '../../errors.ts'
import type { SourceFigures, SourceOutput, SourcePull, SourceSession, StoredPosition } from '../../runtime/connector.ts'
import type { CaptureMapper } from './capture.ts'
import { type LogicalMessage, PgoutputReader, type RowChange } from './pgoutput.ts'
import { decodePosition, encodePosition, type PostgresPosition } from './position.ts'
import type { ReplicationFeed } from './replication-feed.ts'
import type { Relation } from './row.ts'
import { RecentTransactions } from './snapshots/recent-transactions.ts'
import { nudgePrefix, type Snapshotter } from './snapshots/snapshotter.ts'
import { type VanishedKey, vanishedKeys } from './snapshots/vanished-keys.ts'
import { lostLogCodes } from './source-start.ts'
import { TransactionFilter } from './transaction-filter.ts'

/** How often it is asked again whether the stream has passed a snapshot. */
const snapshotPollMs = 100

export interface StreamSessionOptions {
  readonly name: string
  readonly feed: ReplicationFeed
  readonly mapper: CaptureMapper
  readonly snapshotter: Snapshotter
  readonly position: PostgresPosition
  /** How often an idle source moves its stored position along with the server's log. */
  readonly heartbeatIntervalMs: number
  readonly clock: Clock
  readonly client: KafkaClient
  /** Whether a slot that is lost is made good by beginning anew. */
  readonly resyncs: boolean
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
  readonly #recent = new RecentTransactions()
  #hasRows = false
  /** Rows of a snapshot wait for the stream. */
  #isWatched = false
  #vanished: AsyncGenerator<VanishedKey> | undefined
  #isSearchDone: boolean

  constructor(options: StreamSessionOptions) {
    this.#options = options
    this.#pulledLsn = options.position.lsn
    this.#committedLsn = options.position.lsn
    this.#lastPositionMs = options.clock.now()
    this.#isSearchDone = options.position.vanished === undefined
    this.#filter = new TransactionFilter(options.position)
    this.#reader = new PgoutputReader({
      begin: (transaction) => {
        this.#hasRows = false
        this.#filter.begin(transaction)
      },
      commit: (transaction) => {
        if (this.#hasRows) this.#recent.add(this.#filter.xid)
        this.#filter.commit(transaction)
      },
      row: (change) => this.#row(change),
      truncate: (relations) => this.#truncate(relations),
      message: (message) => this.#message(message),
    })
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    try {
      return await this.#pull(output, maxWaitMs)
    } catch (error) {
      if (!this.#options.resyncs || !isMillraceError(error) || !lostLogCodes.has(error.code)) throw error
      throw connectError('POSTGRES_RESYNC_DUE', error.message, { connector: this.#options.name }, error)
    }
  }

  async #pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const { feed, snapshotter } = this.#options
    if (this.#vanished && !this.#isSearchDone) return this.#searchVanished(output)
    const progress = snapshotter.progress
    const waitMs = await this.#readSnapshot(maxWaitMs)
    if (!this.#hasPassedSnapshot()) {
      await feed.wait(waitMs)
      this.#readStream(output)
      if (this.#isWatched && feed.queue.length === 0 && !this.#hasPassedSnapshot()) await snapshotter.nudge()
    }
    if (this.#hasPassedSnapshot()) await snapshotter.publish(output, this.#filter.position().lsn)
    else if (!this.#isSearchDone && output.records === 0 && !snapshotter.progress) return this.#searchVanished(output)
    // Transactions without anything for us, other tables, other databases: their log must not stay because of us. The
    // position goes to Kafka first; a slot that is ahead of the stored position would be refused at the next start.
    const isDue = this.#options.clock.now() - this.#lastPositionMs >= this.#options.heartbeatIntervalMs
    const isFurther = this.#filter.position().lsn > this.#pulledLsn
    if (output.records > 0 || snapshotter.progress !== progress || (isDue && isFurther)) return this.#pulled()
    return undefined
  }

  /**
   * Deletes what was deleted while nobody could see it. Nothing else is published between reading the topics and this, so
   * that no key which came back meanwhile is deleted; a crash in between begins the search anew.
   */
  async #searchVanished(output: SourceOutput): Promise<SourcePull> {
    const { client, mapper, position, clock } = this.#options
    this.#vanished ??= vanishedKeys(client, position.vanished!)
    while (!output.isFull) {
      const { value, done } = await this.#vanished.next()
      if (done) {
        this.#isSearchDone = true
        break
      }
      const source = { commitLsn: this.#filter.position().lsn, commitTimeMs: clock.now(), xid: 0, index: 0 }
      if (mapper.vanished) mapper.vanished(value, source, output)
      else output.append(value.topic, source.commitTimeMs, value.key, null, [])
    }
    return this.#pulled()
  }

  /** Reads the next part of a snapshot unless one waits, and says for how long the stream may be waited for. */
  async #readSnapshot(maxWaitMs: number): Promise<number> {
    const { feed, snapshotter } = this.#options
    this.#isWatched = false
    if (!snapshotter.isActive) return maxWaitMs
    const isSettled = await snapshotter.read(this.#recent)
    this.#isWatched = snapshotter.untilLsn !== undefined
    // On an idle server nothing else would tell that the point is passed.
    if (this.#isWatched && !this.#hasPassedSnapshot()) feed.askServer()
    return isSettled && !this.#isWatched ? 0 : Math.min(maxWaitMs, snapshotPollMs)
  }

  #hasPassedSnapshot(): boolean {
    const { untilLsn } = this.#options.snapshotter
    return untilLsn !== undefined && !this.#filter.isInTransaction && this.#filter.position().lsn >= untilLsn
  }

  #readStream(output: SourceOutput): void {
    const { feed } = this.#options
    this.#output = output
    while (!output.isFull && !(this.#isWatched && this.#hasPassedSnapshot())) {
      const message = feed.queue.shift()
      if (!message) break
      this.#reader.read(message)
    }
    this.#output = undefined
    feed.resumeIfDrained()
    if (feed.queue.length === 0) this.#filter.idle(feed.idleLsn)
  }

  #pulled(): SourcePull {
    const { position: start, snapshotter } = this.#options
    const snapshot = snapshotter.progress
    const { tables, vanished } = start
    const position = {
      ...this.#filter.position(),
      ...(snapshot && { snapshot }),
      ...(tables && { tables }),
      ...(vanished && !this.#isSearchDone && { vanished }),
    }
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

  async close(): Promise<void> {
    await Promise.all([this.#options.feed.close(), this.#options.snapshotter.close()])
  }

  #row(change: RowChange): void {
    this.#hasRows = true
    if (this.#isWatched) {
      this.#options.snapshotter.changed(change.relation, this.#filter.xid, change.row, change.old)
    }
    const index = this.#filter.event()
    if (index < 0) return
    const { commitLsn, commitTimeMs, xid, seenIds } = this.#filter
    this.#lastEventMs = commitTimeMs
    const { mapper } = this.#options
    if (seenIds && change.row && mapper.idOf && seenIds.has(mapper.idOf(change.relation, change.row))) return
    mapper.change(change, { commitLsn, commitTimeMs, xid, index }, this.#output!)
  }

  #truncate(relations: readonly Relation[]): void {
    this.#hasRows = true
    if (this.#isWatched) {
      for (const relation of relations) this.#options.snapshotter.truncated(relation, this.#filter.xid)
    }
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
      if (index < 0 || message.prefix === nudgePrefix) return
      const { commitLsn, commitTimeMs, xid } = this.#filter
      mapper.message?.(message, { commitLsn, commitTimeMs, xid, index }, this.#output!)
    } else if (this.#filter.message(message.lsn)) {
      const source = { commitLsn: message.lsn, commitTimeMs: clock.now(), xid: 0, index: 0 }
      mapper.message?.(message, source, this.#output!)
    }
  }
}
