import { connectError } from '../../errors.ts'
import { formatLsn } from './lsn.ts'

/**
 * What of the log shows that a server has the history a position is about: the last transaction that was published, `lsn`
 * where it ended, or where its commit record begins as long as the position stands within it.
 */
export interface HistoryMark {
  readonly xid: number
  readonly lsn: bigint
  /** The position that this belongs to; one that was altered by hand is about no transaction. */
  readonly at: bigint
}

interface HistoryStart {
  readonly lsn: bigint
  readonly index: number
  readonly history?: HistoryMark
}

/**
 * A standby that lagged behind, or a disk that was restored, has another history from some point on, and its log may be
 * longer than the position all the same. The slot tells: what it has confirmed is in its server's own history, so the server
 * is asked for everything from there. Up to the position that has to be what came before: the last published transaction,
 * and no row behind it.
 */
export class HistoryCheck {
  readonly #connector: string
  readonly #start: HistoryStart
  readonly #mark: HistoryMark
  #isDue = true
  #isMarkDue: boolean
  #xid = 0
  #commitLsn = 0n

  /** @param fromLsn from where the server sends */
  private constructor(connector: string, start: HistoryStart, mark: HistoryMark, fromLsn: bigint) {
    this.#connector = connector
    this.#start = start
    this.#mark = mark
    this.#isMarkDue = start.index > 0 || mark.lsn > fromLsn
  }

  /** Undefined where nothing can be compared. */
  static begin(connector: string, start: HistoryStart, fromLsn: bigint): HistoryCheck | undefined {
    const { history, lsn, index } = start
    if (history?.at !== lsn || (fromLsn >= lsn && index === 0)) return undefined
    return new HistoryCheck(connector, start, history, fromLsn)
  }

  /** Whether the position has not been reached: until then nothing is confirmed, which would move the slot beyond what is missing. */
  get isDue(): boolean {
    return this.#isDue
  }

  begin({ commitLsn, xid }: { readonly commitLsn: bigint; readonly xid: number }): void {
    if (!this.#isDue) return
    this.#xid = xid
    this.#commitLsn = commitLsn
    const { lsn, index } = this.#start
    if (commitLsn < lsn) return
    if (index > 0 && commitLsn === lsn && xid === this.#mark.xid) this.#isMarkDue = false
    this.#end()
  }

  row(): void {
    // Behind the last one that was published there was nothing.
    if (this.#isDue && this.#start.index === 0 && this.#commitLsn >= this.#mark.lsn) throw this.#other()
  }

  commit({ endLsn }: { readonly endLsn: bigint }): void {
    if (!this.#isDue || this.#start.index > 0 || endLsn !== this.#mark.lsn) return
    if (this.#xid !== this.#mark.xid) throw this.#other()
    this.#isMarkDue = false
  }

  /** The server has sent everything before `lsn`. */
  idle(lsn: bigint): void {
    const { lsn: end, index } = this.#start
    if (this.#isDue && (index > 0 ? lsn > end : lsn >= end)) this.#end()
  }

  #end(): void {
    if (this.#isMarkDue) throw this.#other()
    this.#isDue = false
  }

  #other(): Error {
    const at = formatLsn(this.#start.lsn)
    const message = `the server's log before ${at} is not what ${this.#connector} has read: it was restored, or is a standby that lagged behind`
    return connectError('POSTGRES_OTHER_SERVER', message, { connector: this.#connector, position: at })
  }
}
