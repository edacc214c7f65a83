import { type Random, randomInt } from '@millrace/base'

interface Choice {
  readonly partition: number
  bytes: number
}

/**
 * Partitions for records without a key: one partition until `switchBytes` went there, then another at random
 * (KIP-480, KIP-794). Batches stay large, and over time every partition gets the same amount.
 */
export class StickyPartitioner {
  readonly #random: Random
  readonly #switchBytes: number
  readonly #choices = new Map<string, Choice>()

  constructor(random: Random, switchBytes = 65_536) {
    this.#random = random
    this.#switchBytes = switchBytes
  }

  /** `available` are the partitions that have a leader; all `count` of them where none has. */
  partition(topic: string, recordBytes: number, count: number, available: readonly number[]): number {
    let choice = this.#choices.get(topic)
    const leaderless = available.length > 0 && choice !== undefined && !available.includes(choice.partition)
    if (choice === undefined || choice.bytes >= this.#switchBytes || choice.partition >= count || leaderless) {
      choice = { partition: this.#choose(choice?.partition, count, available), bytes: 0 }
      this.#choices.set(topic, choice)
    }
    choice.bytes += recordBytes
    return choice.partition
  }

  #choose(previous: number | undefined, count: number, available: readonly number[]): number {
    const all = available.length > 0 ? available : Array.from({ length: count }, (_, index) => index)
    const others = all.filter((partition) => partition !== previous)
    const candidates = others.length > 0 ? others : all
    return candidates[randomInt(this.#random, candidates.length)] as number
  }
}
