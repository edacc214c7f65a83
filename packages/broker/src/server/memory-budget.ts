/** Bytes that all connections together hold of incomplete requests and unsent answers. */
export class MemoryBudget {
  readonly #limit: number
  #used = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get usedBytes(): number {
    return this.#used
  }

  get isExhausted(): boolean {
    return this.#used > this.#limit
  }

  change(bytes: number): void {
    this.#used += bytes
  }
}
