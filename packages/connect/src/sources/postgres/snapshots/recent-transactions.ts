const keptMax = 10_000

/**
 * Transactions that the stream has passed lately. A transaction is visible to others only a moment after its commit record
 * was written (long after it, where the commit waits for a standby), and the stream may bring it within that moment: a
 * snapshot taken then would show rows that are older than what was published already.
 */
export class RecentTransactions {
  #xids: number[] = []

  add(xid: number): void {
    this.#xids.push(xid)
    if (this.#xids.length >= keptMax * 2) this.#xids = this.#xids.slice(-keptMax)
  }

  /** Whether a snapshot sees all of them. Those that it sees are forgotten: each later one sees them too. */
  areVisible(isVisible: (xid: number) => boolean): boolean {
    this.#xids = this.#xids.filter((xid) => !isVisible(xid))
    return this.#xids.length === 0
  }
}
