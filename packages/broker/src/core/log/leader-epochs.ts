/** An epoch and the first offset written in it. */
export type EpochEntry = readonly [epoch: number, startOffset: number]

/** Where an epoch ends: the greatest epoch known that is not later, and the offset behind its last record. */
export interface EpochEnd {
  readonly leaderEpoch: number
  readonly endOffset: number
}

const unknown: EpochEnd = { leaderEpoch: -1, endOffset: -1 }

/**
 * Which leader epochs wrote which stretch of one partition's log (KIP-101, KIP-320), in ascending order of both. Derived from the
 * epochs that batches carry; an epoch in which nothing is written is known only as long as the process lives.
 */
export class LeaderEpochs {
  #entries: EpochEntry[]

  constructor(entries: readonly EpochEntry[] = []) {
    this.#entries = [...entries]
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** The latest epoch, -1 when there is none. */
  get latest(): number {
    return this.#entries.at(-1)?.[0] ?? -1
  }

  /** Takes note that `epoch` begins at an offset; of an epoch that is known or passed, nothing. */
  assign(epoch: number, startOffset: number): void {
    if (epoch <= this.latest) return
    // An epoch that wrote nothing leaves no trace.
    while (this.#entries.length > 0 && this.#entries.at(-1)![1] >= startOffset) this.#entries.pop()
    this.#entries.push([epoch, startOffset])
  }

  /** The end of what was written up to an epoch, as OffsetForLeaderEpoch tells it; -1 and -1 when the epoch is later than any. */
  endOf(epoch: number, logEndOffset: number): EpochEnd {
    if (epoch < 0 || epoch > this.latest) return unknown
    if (epoch === this.latest) return { leaderEpoch: epoch, endOffset: logEndOffset }
    const next = this.#entries.findIndex(([one]) => one > epoch)
    const [, endOffset] = this.#entries[next]!
    // Everything of this epoch and before it has been deleted: what is left begins where the next one does.
    return { leaderEpoch: this.#entries[next - 1]?.[0] ?? epoch, endOffset }
  }

  /** The epoch that wrote the record at an offset, -1 when it is not known. */
  at(offset: number): number {
    return this.#entries.findLast(([, startOffset]) => startOffset <= offset)?.[0] ?? -1
  }

  /** The log ends at `offset` now. */
  truncateTo(offset: number): void {
    this.#entries = this.#entries.filter(([, startOffset]) => startOffset < offset)
  }

  /** The log begins at `offset` now: the epoch that goes on there begins there, those before it are forgotten. */
  deleteBefore(offset: number): void {
    const first = this.#entries.findLastIndex(([, startOffset]) => startOffset <= offset)
    if (first < 0) return
    const [epoch, startOffset] = this.#entries[first]!
    if (first === 0 && startOffset === offset) return
    this.#entries = [[epoch, Math.max(startOffset, offset)], ...this.#entries.slice(first + 1)]
  }
}
