import type { SourceFigures, SourceOutput, SourcePull, SourceSession } from '../../runtime/connector.ts'
import type { PolledRow, SnapshotDatabase } from './polling-database.ts'
import {
  encodePosition,
  type KeepingPosition,
  type PollingPosition,
  positionOfOtherMode,
  snapshotUpTo,
} from './polling-position.ts'
import { Poller, type PollingParts } from './polling-session.ts'
import { checkSnapshot } from './postgres-polling.ts'

const expireMaxRows = 10_000
const expireIntervalMs = 10_000

/** A snapshot in the future of nothing: it sees no transaction. */
const nothingSeen = '3:3:'

/**
 * Polling that leaves rows in the table, on PostgreSQL. What was published is the set of transactions that a snapshot saw,
 * not everything below some number: a transaction that began early and commits late has a low id and low positions, and
 * is in the next snapshot all the same. Two transactions that serialise on something are never seen in the wrong order.
 *
 * What if the process dies right here: the position stands in the Kafka transaction that holds the records.
 */
export class KeepingSession implements SourceSession {
  readonly #database: SnapshotDatabase
  readonly #poller: Poller
  readonly #retentionMs: number | undefined
  #position: KeepingPosition
  #pulled: KeepingPosition
  #expiredMs = 0
  /** The position holds a snapshot that was taken before this session. */
  #isResumed = true

  private constructor(
    database: SnapshotDatabase,
    position: KeepingPosition,
    retentionMs: number | undefined,
    parts: PollingParts,
  ) {
    this.#database = database
    this.#position = position
    this.#pulled = position
    this.#retentionMs = retentionMs
    this.#poller = new Poller(parts)
  }

  static async open(
    database: SnapshotDatabase,
    position: PollingPosition | undefined,
    retentionMs: number | undefined,
    parts: PollingParts,
  ): Promise<KeepingSession> {
    try {
      if (position && position.mode !== 'keep') throw positionOfOtherMode(parts.name)
      if (position) await checkSnapshot(database, position, parts.name)
      const begun = position ?? { mode: 'keep' as const, database: await database.identity(), seen: nothingSeen }
      const timeline = await database.timeline()
      const start = { ...begun, ...(timeline !== undefined && { timeline }) }
      return new KeepingSession(database, start, retentionMs, parts)
    } catch (error) {
      await database.close()
      throw error
    }
  }

  async pull(output: SourceOutput, maxWaitMs: number): Promise<SourcePull | undefined> {
    const rows = await this.#poller.until(() => this.#read(), maxWaitMs)
    if (rows.length === 0) {
      await this.#expire()
      return undefined
    }
    this.#poller.publish(rows, output)
    const { seen, next } = this.#position
    // A read that was cut short says nothing about its snapshot as a whole.
    const upTo = rows.at(-1)!.position
    this.#pulled = {
      ...this.#position,
      seen,
      ...(next !== undefined && { next }),
      upTo,
      ...lastOf(this.#position, rows),
    }
    return { position: encodePosition(this.#pulled), transaction: 'commit' }
  }

  async commit(): Promise<void> {
    this.#position = this.#pulled
    await this.#expire()
  }

  figures(): SourceFigures {
    return this.#poller.figures()
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  /** The rest of what the next snapshot sees; once nothing is left, that snapshot is what was seen. */
  async #read(): Promise<PolledRow[]> {
    const { limits } = this.#poller.parts
    for (let isSecond = false; ; isSecond = true) {
      const { seen, next, upTo, last, ...same } = this.#position
      if (next !== undefined) {
        const scope = { unseenBy: seen, seenBy: next, ...(upTo !== undefined && { afterPosition: upTo }) }
        const rows = await this.#database.read(scope, limits)
        if (rows.length > 0 || isSecond) return rows
      }
      // Should the server have lost its latest transactions, others have their ids now, and those are younger than all that was published.
      const done = next ?? seen
      const known = this.#isResumed && last && next !== undefined ? snapshotUpTo(done, last.txid) : done
      this.#isResumed = false
      this.#position = { ...same, seen: known, next: await this.#database.snapshot(), ...(last && { last }) }
    }
  }

  /**
   * Only rows of transactions below all that the stored snapshot did not see yet. As long as there are more than one statement takes,
   * each transaction is followed by one, so that the table does not grow faster than it is emptied.
   */
  async #expire(): Promise<void> {
    const { clock } = this.#poller.parts
    if (this.#retentionMs === undefined || clock.now() - this.#expiredMs < expireIntervalMs) return
    const count = await this.#database.expire(this.#position.seen, this.#retentionMs, expireMaxRows)
    if (count < expireMaxRows) this.#expiredMs = clock.now()
  }
}

/** The row of the youngest transaction so far. */
function lastOf({ last }: KeepingPosition, rows: readonly PolledRow[]): Pick<KeepingPosition, 'last'> {
  let youngest = last
  for (const { txid, position, id } of rows) {
    if (txid !== undefined && (!youngest || BigInt(txid) >= BigInt(youngest.txid))) youngest = { position, id, txid }
  }
  return youngest ? { last: youngest } : {}
}
