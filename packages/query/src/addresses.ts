import type { Clock } from '@millrace/base'
import { array, object } from './store-access.ts'

/** How often an instance is asked who else there is. */
const learnEveryMs = 30_000

/** The addresses that are asked: those that were given, and those of instances that they tell of. */
export class Addresses {
  readonly #given: readonly string[]
  readonly #clock: Clock
  readonly #isLearning: boolean
  #learned: readonly string[] = []
  #learnAtMs = Number.NEGATIVE_INFINITY

  constructor(given: readonly string[], clock: Clock, isLearning: boolean) {
    this.#given = given
    this.#clock = clock
    this.#isLearning = isLearning
  }

  get all(): readonly string[] {
    return this.#learned.length === 0 ? this.#given : [...this.#given, ...this.#learned]
  }

  /** Whether it is time to ask again; counts as asked. */
  isDue(): boolean {
    if (!this.#isLearning || this.#clock.now() < this.#learnAtMs) return false
    this.#learnAtMs = this.#clock.now() + learnEveryMs
    return true
  }

  /** What an instance tells of a store's places: `host:port` of owners and copies, under the scheme that it was asked by. */
  learn(from: string, metadata: unknown): void {
    const { protocol } = new URL(from)
    const hosts = array(object(metadata).partitions).flatMap((place) => {
      const { host, standbyHosts } = object(place)
      return [host, ...array(standbyHosts)]
    })
    const found = hosts.flatMap((host) => (typeof host === 'string' ? `${protocol}//${host}` : []))
    this.#learned = [...new Set(found)].filter((url) => URL.canParse(url) && !this.#given.includes(url))
  }
}
