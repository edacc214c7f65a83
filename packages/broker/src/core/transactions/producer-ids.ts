/** Where ids come from: the broker's metadata. */
export interface ProducerIdSource {
  /** First id that was never reserved. */
  readonly nextProducerId: number
  /** Reserves all ids below `next`; durable when it returns. Throws what recording throws. */
  reserveProducerIds(next: number): void
}

/** Ids reserved at a time; those of a block that are unused at a stop are never given. */
export const producerIdBlockSize = 1000

/**
 * Gives each producer an id that no other ever had: two idempotent producers with the same id would have each other's
 * batches dropped as repetitions.
 */
export class ProducerIds {
  readonly #source: ProducerIdSource
  #next = 0
  #blockEnd = 0

  constructor(source: ProducerIdSource) {
    this.#source = source
  }

  allocate(): number {
    if (this.#next >= this.#blockEnd) {
      const first = this.#source.nextProducerId
      this.#source.reserveProducerIds(first + producerIdBlockSize)
      this.#next = first
      this.#blockEnd = first + producerIdBlockSize
    }
    return this.#next++
  }
}
