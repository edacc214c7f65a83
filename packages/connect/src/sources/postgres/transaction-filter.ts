import type { HistoryMark } from './history-check.ts'
import type { Handover, PostgresPosition } from './position.ts'
import { snapshotVisibility } from './visibility.ts'

/**
 * Follows the stream from a stored position on: which events are in Kafka already, and where the source stands after
 * each. PostgreSQL sends a transaction whole and in the same order every time, so its events can be counted.
 */
export class TransactionFilter {
  #lsn: bigint
  #index: number
  #handover: Handover | undefined
  #isVisible: ((xid: number) => boolean) | undefined
  readonly #systemId: string
  #skipBelow = 0
  #isSkipped = false
  #next = 0
  /** The last transaction that ended, and where. */
  #last: { readonly xid: number; readonly lsn: bigint }
  /** Rows that the snapshot has published, until the stream has passed it. */
  seenIds: ReadonlySet<string> | undefined
  isInTransaction = false
  commitLsn = 0n
  commitTimeMs = 0
  commitTimeMicros = 0
  xid = 0
  /** Where the transaction before the present one ended; undefined before the first, kept over restarts. */
  lastCommitLsn: bigint | undefined

  constructor(start: PostgresPosition) {
    this.#lsn = start.lsn
    this.#index = start.index
    this.#systemId = start.systemId
    this.#handover = start.handover
    this.#last = start.history ?? { xid: 0, lsn: 0n }
    this.lastCommitLsn = start.lastCommitLsn
    const seen = start.handover?.seen
    if (seen && 'snapshot' in seen) this.#isVisible = snapshotVisibility(seen.snapshot)
    if (seen && 'ids' in seen && seen.ids.length > 0) this.seenIds = new Set(seen.ids)
  }

  begin(transaction: { commitLsn: bigint; commitTimeMs: number; commitTimeMicros?: number; xid: number }): void {
    const { commitLsn, commitTimeMs, commitTimeMicros = commitTimeMs * 1_000, xid } = transaction
    this.isInTransaction = true
    this.commitLsn = commitLsn
    this.commitTimeMs = commitTimeMs
    this.commitTimeMicros = commitTimeMicros
    this.xid = xid
    this.#next = 0
    if (this.#handover && commitLsn >= this.#handover.untilLsn) this.#endHandover()
    this.#isSkipped = commitLsn < this.#lsn || this.#isVisible?.(xid) === true
    this.#skipBelow = commitLsn === this.#lsn ? this.#index : 0
  }

  /** All of the transaction is in Kafka. */
  get isSkipped(): boolean {
    return this.#isSkipped
  }

  /** Counts one event; its index, or -1 when it is in Kafka already. */
  event(): number {
    const index = this.#next++
    if (this.#isSkipped || index < this.#skipBelow) return -1
    this.#lsn = this.commitLsn
    this.#index = index + 1
    return index
  }

  commit(transaction: { endLsn: bigint }): void {
    this.isInTransaction = false
    this.lastCommitLsn = transaction.endLsn
    this.#last = { xid: this.xid, lsn: transaction.endLsn }
    this.#moveTo(transaction.endLsn)
  }

  /**
   * A message outside of transactions, whose record ends at `lsn`; false when it is in Kafka already. One that ends where
   * the position stands began before it.
   */
  message(lsn: bigint): boolean {
    if (lsn <= this.#lsn) return false
    this.#moveTo(lsn)
    return true
  }

  /** Nothing of ours happened before `lsn`. */
  idle(lsn: bigint): void {
    if (!this.isInTransaction) this.#moveTo(lsn)
  }

  position(): PostgresPosition {
    return {
      lsn: this.#lsn,
      index: this.#index,
      systemId: this.#systemId,
      ...(this.lastCommitLsn !== undefined && { lastCommitLsn: this.lastCommitLsn }),
      ...(this.#handover && { handover: this.#handover }),
    }
  }

  /** What shows at the next start that the server still has the history of `position()`. */
  history(): HistoryMark {
    const within = { xid: this.xid, lsn: this.#lsn }
    return { ...(this.#index > 0 ? within : this.#last), at: this.#lsn }
  }

  #moveTo(lsn: bigint): void {
    if (lsn <= this.#lsn) return
    this.#lsn = lsn
    this.#index = 0
    if (this.#handover && lsn >= this.#handover.untilLsn) this.#endHandover()
  }

  /** What commits from here on was not in the snapshot, and transaction ids may come round again some day. */
  #endHandover(): void {
    this.#handover = undefined
    this.#isVisible = undefined
    this.seenIds = undefined
  }
}
