import type { Clock } from '@millrace/base'
import type { Pace } from '../core/pace.ts'

/** Slices of `sliceMs`, with room for heartbeats and queries in between. */
export class SlicedPace implements Pace {
  readonly #clock: Clock
  readonly #yieldNow: () => Promise<void>
  readonly #sliceMs: () => number
  #beganMs = 0

  constructor(options: {
    readonly clock: Clock
    readonly yieldNow: () => Promise<void>
    readonly sliceMs: () => number
  }) {
    this.#clock = options.clock
    this.#yieldNow = options.yieldNow
    this.#sliceMs = options.sliceMs
  }

  isOver(): boolean {
    return this.#clock.now() - this.#beganMs >= this.#sliceMs()
  }

  async turn(): Promise<void> {
    await this.#yieldNow()
    this.#beganMs = this.#clock.now()
  }
}
