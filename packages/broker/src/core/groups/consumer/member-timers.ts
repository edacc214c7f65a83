import type { Clock } from '@millrace/base'
import { Sessions, type Watched } from '../sessions.ts'

/**
 * `rebalance`: until then a member has given up what it was told to. `join`: a classic member has joined again after it
 * was told to. `sync`: it has asked for its assignment after it joined.
 */
export type MemberTimer = 'rebalance' | 'join' | 'sync'

interface Timers {
  readonly session: Watched
  readonly others: Map<MemberTimer, () => void>
}

/** Timers of the members of consumer groups. They are not in the log: a restart begins them anew. */
export class MemberTimers {
  readonly #clock: Clock
  readonly #sessions: Sessions
  readonly #timers = new Map<string, Map<string, Timers>>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sessions = new Sessions(clock)
  }

  #of(groupId: string, memberId: string): Timers {
    let members = this.#timers.get(groupId)
    if (!members) {
      members = new Map()
      this.#timers.set(groupId, members)
    }
    let timers = members.get(memberId)
    if (!timers) {
      timers = { session: { deadlineMs: 0, timer: undefined }, others: new Map() }
      members.set(memberId, timers)
    }
    return timers
  }

  /** A sign of life; without another one in time `onSilent` runs. */
  alive(groupId: string, memberId: string, timeoutMs: number, onSilent: () => void): void {
    this.#sessions.extend(this.#of(groupId, memberId).session, timeoutMs, onSilent)
  }

  start(kind: MemberTimer, groupId: string, memberId: string, timeoutMs: number, onTime: () => void): void {
    const { others } = this.#of(groupId, memberId)
    others.get(kind)?.()
    others.set(
      kind,
      this.#clock.after(timeoutMs, () => {
        others.delete(kind)
        onTime()
      }),
    )
  }

  isRunning(kind: MemberTimer, groupId: string, memberId: string): boolean {
    return this.#timers.get(groupId)?.get(memberId)?.others.has(kind) ?? false
  }

  cancel(kind: MemberTimer, groupId: string, memberId: string): void {
    const others = this.#timers.get(groupId)?.get(memberId)?.others
    others?.get(kind)?.()
    others?.delete(kind)
  }

  end(groupId: string, memberId: string): void {
    const members = this.#timers.get(groupId)
    const timers = members?.get(memberId)
    if (!members || !timers) return
    this.#sessions.end(timers.session)
    for (const cancel of timers.others.values()) cancel()
    members.delete(memberId)
    if (members.size === 0) this.#timers.delete(groupId)
  }

  endGroup(groupId: string): void {
    for (const memberId of [...(this.#timers.get(groupId)?.keys() ?? [])]) this.end(groupId, memberId)
  }

  close(): void {
    for (const groupId of [...this.#timers.keys()]) this.endGroup(groupId)
  }
}
