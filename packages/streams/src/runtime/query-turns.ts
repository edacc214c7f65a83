import type { Clock } from '@millrace/base'
import type { Pace } from '../core/pace.ts'

/** How long nobody may have asked before the loop no longer makes way. */
const askedWithinMs = 1_000
/** Clocks count whole milliseconds: half of that on average. */
const sliceMs = 1

/**
 * Lets queries in while a thread is at work: as long as somebody asks, it does nothing for longer than a millisecond
 * without giving way to sockets. When nobody does, it works in long slices, which cost less.
 */
export class QueryTurns implements Pace {
  readonly #clock: Clock
  readonly #yieldNow: () => Promise<void>
  #askedMs = Number.NEGATIVE_INFINITY
  #beganMs = 0

  constructor({ clock, yieldNow }: { readonly clock: Clock; readonly yieldNow: () => Promise<void> }) {
    this.#clock = clock
    this.#yieldNow = yieldNow
  }

  /** Somebody asks. */
  asked(): void {
    this.#askedMs = this.#clock.now()
  }

  get areWanted(): boolean {
    return this.#clock.now() - this.#askedMs < askedWithinMs
  }

  isOver(): boolean {
    return this.#clock.now() - this.#beganMs >= sliceMs
  }

  async turn(): Promise<void> {
    await this.#yieldNow()
    this.#beganMs = this.#clock.now()
  }
}
