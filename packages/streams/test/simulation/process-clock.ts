import type { Clock } from '@millrace/base'

/** The clock of one simulated process: it dies with the process, and its time of day can be set wrong. */
export class ProcessClock implements Clock {
  readonly #base: Clock
  readonly #timers = new Set<() => void>()
  #offsetMs = 0
  #dead = false

  constructor(base: Clock, offsetMs = 0) {
    this.#base = base
    this.#offsetMs = offsetMs
  }

  get isDead(): boolean {
    return this.#dead
  }

  now(): number {
    return this.#base.now() + this.#offsetMs
  }

  after(delayMs: number, callback: () => void): () => void {
    if (this.#dead) return () => undefined
    // As the machine's timers: whole milliseconds.
    const cancel = this.#base.after(Math.ceil(delayMs), () => {
      this.#timers.delete(stop)
      callback()
    })
    const stop = (): void => {
      this.#timers.delete(stop)
      cancel()
    }
    this.#timers.add(stop)
    return stop
  }

  /** Somebody sets the time of day; timers go on as they are. */
  jump(byMs: number): void {
    this.#offsetMs += byMs
  }

  kill(): void {
    this.#dead = true
    for (const stop of [...this.#timers]) stop()
  }
}
