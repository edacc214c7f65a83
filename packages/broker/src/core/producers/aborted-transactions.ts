import type { AbortedRange, AbortedTransaction } from './types.ts'

/** Aborted transactions of one partition in the order of their markers. */
export class AbortedTransactions {
  #ranges: AbortedRange[]

  constructor(ranges: AbortedRange[] = []) {
    this.#ranges = ranges
  }

  get ranges(): readonly AbortedRange[] {
    return this.#ranges
  }

  add(range: AbortedRange): void {
    this.#ranges.push(range)
  }

  /** Those with records at offsets from `fromOffset` to before `toOffset`. */
  overlapping(fromOffset: number, toOffset: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let index = this.#firstEndingAtOrAfter(fromOffset); index < this.#ranges.length; index++) {
      const range = this.#ranges[index]!
      if (range.firstOffset < toOffset) found.push({ producerId: range.producerId, firstOffset: range.firstOffset })
      if (range.lastStableOffset >= toOffset) break
    }
    return found
  }

  keep(keep: (range: AbortedRange) => boolean): void {
    if (!this.#ranges.every(keep)) this.#ranges = this.#ranges.filter(keep)
  }

  deleteBefore(logStartOffset: number): void {
    const gone = this.#firstEndingAtOrAfter(logStartOffset)
    if (gone > 0) this.#ranges.splice(0, gone)
  }

  #firstEndingAtOrAfter(offset: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#ranges[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
