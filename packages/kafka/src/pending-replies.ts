import type { Clock } from '@millrace/base'

interface Pending {
  readonly dueMs: number
  readonly resolve: (response: Buffer) => void
  readonly reject: (error: unknown) => void
}

/**
 * The requests of one connection that wait for their reply, oldest first. One timer serves all of them; it is left to
 * run out rather than re-armed with every reply.
 */
export class PendingReplies {
  readonly #clock: Clock
  readonly #onDeadline: () => void
  #pending: Pending[] = []
  #cancelTimer: (() => void) | undefined
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock, onDeadline: () => void) {
    this.#clock = clock
    this.#onDeadline = onDeadline
  }

  get size(): number {
    return this.#pending.length
  }

  add(deadlineMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const dueMs = this.#clock.now() + deadlineMs
      this.#pending.push({ dueMs, resolve, reject })
      if (dueMs < this.#timerDueMs) this.#arm(dueMs)
    })
  }

  /** Answers the oldest request; false when none waits, which means that the peer sent an unasked reply. */
  settle(response: Buffer): boolean {
    const oldest = this.#pending.shift()
    oldest?.resolve(response)
    return oldest !== undefined
  }

  failAll(error: unknown): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const failed = this.#pending
    this.#pending = []
    for (const { reject } of failed) reject(error)
  }

  #arm(dueMs: number): void {
    this.#cancelTimer?.()
    this.#timerDueMs = dueMs
    this.#cancelTimer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => this.#check())
  }

  #check(): void {
    this.#cancelTimer = undefined
    this.#timerDueMs = Number.POSITIVE_INFINITY
    const earliest = this.#pending.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY)
    if (earliest <= this.#clock.now()) this.#onDeadline()
    else if (earliest < Number.POSITIVE_INFINITY) this.#arm(earliest)
  }
}
