import type { Clock } from '@millrace/base'
import { SlicedPace } from './sliced-pace.ts'

/** How long nobody may have asked before the loop no longer makes way. */
const askedWithinMs = 1_000
/** Clocks count whole milliseconds: half of that on average. */
const sliceMs = 1

/**
 * Lets queries in while a thread is at work: as long as somebody asks, it does nothing for longer than a millisecond
 * without giving way to sockets. When nobody does, it works in long slices, which cost less.
 */
export class QueryTurns extends SlicedPace {
  readonly #clock: Clock
  #askedMs = Number.NEGATIVE_INFINITY

  constructor({ clock, yieldNow }: { readonly clock: Clock; readonly yieldNow: () => Promise<void> }) {
    super({ clock, yieldNow, sliceMs: () => sliceMs })
    this.#clock = clock
  }

  /** Somebody asks. */
  asked(): void {
    this.#askedMs = this.#clock.now()
  }

  get areWanted(): boolean {
    return this.#clock.now() - this.#askedMs < askedWithinMs
  }
}
