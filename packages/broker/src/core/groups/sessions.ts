import type { Clock } from '@millrace/base'
import type { GroupMember } from './group-member.ts'

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
  extend(member: GroupMember, timeoutMs: number, onSilent: () => void): void {
    member.deadlineMs = this.#clock.now() + timeoutMs
    if (member.timer && member.timer.dueMs <= member.deadlineMs) return
    member.timer?.cancel()
    this.#arm(member, onSilent)
  }

  end(member: GroupMember): void {
    member.timer?.cancel()
    member.timer = undefined
  }

  #arm(member: GroupMember, onSilent: () => void): void {
    const cancel = this.#clock.after(member.deadlineMs - this.#clock.now(), () => {
      member.timer = undefined
      if (this.#clock.now() < member.deadlineMs) this.#arm(member, onSilent)
      else onSilent()
    })
    member.timer = { dueMs: member.deadlineMs, cancel }
  }
}
