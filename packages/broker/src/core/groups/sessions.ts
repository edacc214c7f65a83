import type { Clock } from '@millrace/base'

/** What is watched; the fields are for `Sessions` alone. */
export interface Watched {
  /** Without a sign of life until then, it is out. */
  deadlineMs: number
  timer: { readonly dueMs: number; readonly cancel: () => void } | undefined
}

/**
 * Watches for members that fall silent. A sign of life only moves the deadline; the timer finds that out when it fires,
 * so that heartbeats cost no timers.
 */
export class Sessions {
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Gives the member another `timeoutMs`. */
  extend(member: Watched, timeoutMs: number, onSilent: () => void): void {
    member.deadlineMs = this.#clock.now() + timeoutMs
    if (member.timer && member.timer.dueMs <= member.deadlineMs) return
    member.timer?.cancel()
    this.#arm(member, onSilent)
  }

  end(member: Watched): void {
    member.timer?.cancel()
    member.timer = undefined
  }

  #arm(member: Watched, onSilent: () => void): void {
    const cancel = this.#clock.after(member.deadlineMs - this.#clock.now(), () => {
      member.timer = undefined
      if (this.#clock.now() < member.deadlineMs) this.#arm(member, onSilent)
      else onSilent()
    })
    member.timer = { dueMs: member.deadlineMs, cancel }
  }
}
