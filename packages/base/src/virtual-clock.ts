import type { Clock } from './clock.ts'

interface Timer {
  readonly dueMs: number
  readonly sequence: number
  readonly callback: () => void
}

/**
 * A clock that moves only when told. Timers that fall due at the same millisecond fire in the order they were set,
 * so that a run is reproducible.
 *
 * @example
 * const clock = new VirtualClock()
 * clock.after(100, () => console.log('due'))
 * clock.advance(100)
 */
export class VirtualClock implements Clock {
  #nowMs: number
  #sequence = 0
  #timers: Timer[] = []

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, callback }
    const at = this.#timers.findIndex((other) => other.dueMs > timer.dueMs)
    if (at < 0) this.#timers.push(timer)
    else this.#timers.splice(at, 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /** When the next timer is due, in epoch milliseconds; undefined when none is set. */
  nextDueMs(): number | undefined {
    return this.#timers[0]?.dueMs
  }

  /** Moves time forward and fires what falls due, including timers set by the callbacks. */
  advance(byMs: number): void {
    this.advanceTo(this.#nowMs + byMs)
  }

  advanceTo(targetMs: number): void {
    for (let next = this.#timers[0]; next && next.dueMs <= targetMs; next = this.#timers[0]) {
      this.#timers.shift()
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.callback()
    }
    this.#nowMs = Math.max(this.#nowMs, targetMs)
  }
}
