import type { Clock } from '@millrace/base'

/** The clock of one simulated process: its timers end with it. */
export class ProcessClock implements Clock {
  readonly #base: Clock
  isDead = false

  constructor(base: Clock) {
    this.#base = base
  }

  now(): number {
    return this.#base.now()
  }

  after(delayMs: number, callback: () => void): () => void {
    if (this.isDead) return () => undefined
    return this.#base.after(Math.ceil(delayMs), () => {
      if (!this.isDead) callback()
    })
  }

  kill(): void {
    this.isDead = true
  }
}
