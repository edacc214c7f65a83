import type { Clock, MillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { connectError } from '../../errors.ts'
import type { SourceFigures, SourceOutput, SourcePull, SourceSession, StoredPosition } from '../../runtime/connector.ts'
import type { CaptureMapper, ChangeSource } from './capture.ts'
import type { Heartbeat } from './heartbeat.ts'
import type { HistoryCheck } from './history-check.ts'
import { parseLsn } from './lsn.ts'
import { type LogicalMessage, PgoutputReader, type RowChange } from './pgoutput.ts'
import { decodePosition, encodePosition, type PostgresPosition } from './position.ts'
import type { ReplicationFeed } from './replication-feed.ts'
import type { Relation } from './row.ts'
import type { Notifier } from './signals/notifications.ts'
import type { Signals } from './signals/signals.ts'
import { RecentTransactions } from './snapshots/recent-transactions.ts'
import { nudgePrefix, type Snapshotter } from './snapshots/snapshotter.ts'
import { type VanishedKey, vanishedKeys } from './snapshots/vanished-keys.ts'
import { resyncDue } from './source-start.ts'
import type { CapturedNames } from './table-marks.ts'
import { TransactionFilter } from './transaction-filter.ts'

/** How often it is asked again whether the stream has passed a snapshot. */
const snapshotPollMs = 100

export interface StreamSessionOptions {
  readonly name: string
  readonly feed: ReplicationFeed
  readonly mapper: CaptureMapper
  readonly snapshotter: Snapshotter
  readonly signals: Signals
  readonly notifier: Notifier
  readonly heartbeat: Heartbeat
  readonly position: PostgresPosition
  readonly names: CapturedNames
  /** Undefined where there is nothing to compare. */
  readonly historyCheck: HistoryCheck | undefined
  /** What was found wrong beside the stream. */
  readonly problem: () => MillraceError | undefined
  /** Where the source is to be opened anew, with publications that are not in the log before. */
  readonly untilLsn: bigint | undefined
  /** How often an idle source moves its stored position along with the server's log. */
  readonly heartbeatIntervalMs: number
  readonly clock: Clock
  readonly client: KafkaClient
  /** The same error with what to do about it. */
  readonly explained: (error: unknown) => unknown
  /** Told what is lost, where that is made good by beginning anew. */
  readonly onLost?: (error: MillraceError) => void
}

function publicationDue(connector: string): Error {
  const message = 'everything before the new publication is read'
  return connectError('POSTGRES_PUBLICATION_DUE', message, { connector })
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
  readonly #hasSignalTable: boolean
  /** Rows of a snapshot wait for the stream. */
  #isWatched = false
  /** Came in the stream just now and is not known to the mapper yet. */
  #undescribed: Relation | undefined
  #origin: { readonly name: string; readonly lsn: number } | undefined
  #vanished: AsyncGenerator<VanishedKey> | undefined
  #isSearchDone: boolean
  /** Something was pulled and is not committed yet. */
  #isOpen = false

  constructor(options: StreamSessionOptions) {
    this.#options = options
    this.#pulledLsn = options.position.lsn
    this.#committedLsn = options.position.lsn
    this.#lastPositionMs = options.clock.now()
    this.#hasSignalTable = options.signals.hasTable
    // Its statement would wait for an answer that the same broken network keeps away.
    options.feed.onFailure = () => options.snapshotter.abandon()
    this.#isSearchDone = options.position.vanished === undefined
    this.#filter = new TransactionFilter(options.position)
    this.#reader = new PgoutputReader({
      begin: (transaction) => {
        this.#hasRows = false
        this.#origin = undefined
        options.historyCheck?.begin(transaction)
        this.#filter.begin(transaction)
        if (!this.#filter.isSkipped) options.mapper.begin?.({ ...transaction, lsn: options.feed.queue.lsn })
      },
      commit: (transaction) => {
        if (this.#hasRows) this.#recent.add(this.#filter.xid)
        if (!this.#filter.isSkipped) options.mapper.commit?.(options.feed.queue.lsn, this.#output!)
        this.#filter.commit(transaction)
        options.historyCheck?.commit(transaction)
      },
      relation: (relation) => {
        options.names.check(relation)
        this.#undescribed = relation
      },
      origin: (origin) => {
        this.#origin = origin
      },
      row: (change) => this.#row(change),
      truncate: (relations) => this.#truncate(relations),
      message: (message) => this.#message(message),
    })
  }

  /** Of the position in Kafka. */
  get committedLsn(): bigint {
    return this.#committedLsn
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    try {
      return await this.#pull(output, maxWaitMs)
    } catch (error) {
      const { onLost } = this.#options
      throw onLost ? resyncDue(error, onLost) : this.#options.explained(error)
    }
  }

  async #pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const { feed, snapshotter, signals, heartbeat, problem, untilLsn } = this.#options
    const found = problem()
    if (found) throw found
    if (untilLsn !== undefined && this.#committedLsn >= untilLsn) throw publicationDue(this.#options.name)
    if (this.#vanished && !this.#isSearchDone) return this.#searchVanished(output)
    const { progress } = snapshotter
    const { state } = signals
    await this.#act()
    const waitMs = await this.#readSnapshot(maxWaitMs)
    if (!this.#hasPassedSnapshot()) {
      await feed.wait(waitMs)
      await this.#readStream(output)
      await this.#act()
      if (this.#isWatched && feed.queue.length === 0 && !this.#hasPassedSnapshot()) await snapshotter.nudge()
    }
    if (this.#hasPassedSnapshot()) await snapshotter.publish(output, this.#filter.position().lsn)
    else if (!this.#isSearchDone && output.records === 0 && !snapshotter.progress) return this.#searchVanished(output)
    await heartbeat.beat(output)
    const isChanged = snapshotter.progress !== progress || signals.state !== state
    return output.records > 0 || isChanged || this.#isPositionDue() ? this.#pulled(output) : undefined
  }

  /**
   * Transactions without anything for us, other tables, other databases: their log must not stay because of us. The
   * position goes to Kafka first; a slot that is ahead of the stored position would be refused at the next start.
   */
  #isPositionDue(): boolean {
    const { clock, heartbeatIntervalMs, untilLsn } = this.#options
    const { lsn } = this.#filter.position()
    const isEnd = untilLsn !== undefined && lsn >= untilLsn
    const isDue = isEnd || clock.now() - this.#lastPositionMs >= heartbeatIntervalMs
    return isDue && lsn > this.#pulledLsn
  }

  async #act(): Promise<void> {
    const { signals, snapshotter } = this.#options
    const { progress } = snapshotter
    const next = await signals.act(progress)
    if (next !== progress) await snapshotter.change(next)
  }

  /**
   * Deletes what was deleted while nobody could see it. Nothing else is published between reading the topics and this, so
   * that no key which came back meanwhile is deleted; a crash in between begins the search anew.
   */
  async #searchVanished(output: SourceOutput): Promise<SourcePull | undefined> {
    const { client, mapper, position, clock, feed } = this.#options
    if (!this.#vanished && this.#isOpen) {
      await feed.wait(snapshotPollMs)
      return undefined
    }
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
    return this.#pulled(output)
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

  async #readStream(output: SourceOutput): Promise<void> {
    const { feed, mapper } = this.#options
    this.#output = output
    while (!output.isFull && !(this.#isWatched && this.#hasPassedSnapshot())) {
      const message = feed.queue.shift()
      if (!message) break
      this.#reader.read(message)
      if (this.#undescribed) {
        // What follows is read with what the catalog says about the table, so reading waits for that.
        await mapper.describe?.(this.#undescribed, { xid: this.#filter.xid })
        this.#undescribed = undefined
      }
      const settled = mapper.settle?.(output)
      if (settled) await settled
    }
    this.#output = undefined
    feed.resumeIfDrained()
    if (feed.queue.length > 0) return
    this.#options.historyCheck?.idle(feed.idleLsn)
    this.#filter.idle(feed.idleLsn)
  }

  #pulled(output: SourceOutput): SourcePull {
    const { position: start, mapper, snapshotter, signals, notifier } = this.#options
    notifier.flush(output)
    const snapshot = snapshotter.progress
    const { tables, vanished, publications, marks, timeline } = start
    const position = {
      ...this.#filter.position(),
      ...(timeline !== undefined && { timeline }),
      history: this.#filter.history(),
      ...(snapshot && { snapshot }),
      ...(tables && { tables }),
      ...(publications && { publications }),
      ...(marks && { marks }),
      ...(mapper.youngest !== undefined && { youngest: mapper.youngest }),
      ...(vanished && !this.#isSearchDone && { vanished }),
      ...(signals.state.seen.length + (signals.state.offset ?? 0) > 0 && { signals: signals.state }),
    }
    this.#isOpen = true
    this.#pulledLsn = position.lsn
    this.#lastPositionMs = this.#options.clock.now()
    return { position: encodePosition(position), transaction: 'commit' }
  }

  async commit(stored: StoredPosition): Promise<void> {
    const { lsn } = decodePosition(stored, this.#options.name)
    this.#committedLsn = lsn
    this.#isOpen = false
    if (!this.#options.historyCheck?.isDue) this.#options.feed.confirm(lsn)
    await this.#options.signals.committed()
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
    const { feed, snapshotter, signals, heartbeat, mapper } = this.#options
    await Promise.all([feed.close(), snapshotter.close(), signals.close(), heartbeat.close(), mapper.close?.()])
  }

  #row(change: RowChange): void {
    this.#hasRows = true
    this.#options.historyCheck?.row()
    if (this.#isWatched) {
      this.#options.snapshotter.changed(change.relation, this.#filter.xid, change.row, change.old)
    }
    const source = this.#nextSource()
    if (!source) return
    const { seenIds } = this.#filter
    this.#lastEventMs = source.commitTimeMs
    const { mapper, signals } = this.#options
    if (this.#hasSignalTable && signals.isSignal(change)) {
      if (!source.isPublished) signals.received(change)
      return
    }
    if (seenIds && change.row && mapper.idOf && seenIds.has(mapper.idOf(change.relation, change.row))) return
    mapper.change(change, source, this.#output!)
  }

  /** Counts an event of the transaction; undefined for one that is in Kafka and that the mapper need not see. */
  #nextSource(): ChangeSource | undefined {
    const { feed, mapper } = this.#options
    const index = this.#filter.event()
    const isPublished = index < 0
    if (isPublished && (!mapper.begin || this.#filter.isSkipped)) return undefined
    const { commitLsn, commitTimeMs, commitTimeMicros, xid, lastCommitLsn } = this.#filter
    const { lsn } = feed.queue
    const origin = this.#origin
    return { commitLsn, commitTimeMs, commitTimeMicros, xid, index, lsn, lastCommitLsn, origin, isPublished }
  }

  #truncate(relations: readonly Relation[]): void {
    this.#hasRows = true
    this.#options.historyCheck?.row()
    if (this.#isWatched) {
      for (const relation of relations) this.#options.snapshotter.truncated(relation, this.#filter.xid)
    }
    const source = this.#nextSource()
    if (!source) return
    for (const relation of relations) this.#options.mapper.truncate(relation, source, this.#output!)
  }

  #message(message: LogicalMessage): void {
    const { clock, mapper } = this.#options
    if (message.isTransactional) {
      const source = this.#nextSource()
      if (source && message.prefix !== nudgePrefix) mapper.message?.(message, source, this.#output!)
    } else if (this.#filter.message(message.lsn)) {
      const { lsn } = this.#options.feed.queue
      const lastCommitLsn = parseLsn(lsn)
      // It counts as a transaction of its own.
      this.#filter.lastCommitLsn = lastCommitLsn
      const source = { commitLsn: message.lsn, commitTimeMs: clock.now(), xid: 0, index: 0, lsn, lastCommitLsn }
      mapper.message?.(message, source, this.#output!)
    }
  }
}
