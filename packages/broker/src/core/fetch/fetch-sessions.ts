import { type Random, randomInt } from '@millrace/base'
import type { Isolation } from '../partition.ts'
import type { Principal } from '../security/principal.ts'
import type { FetchWatch } from './fetch-watch.ts'

/** One partition of a fetch, by topic id from version 13 on, by name before. */
export interface FetchedPartition {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  /** Epoch of the last record the client has; -1 when it does not say. */
  readonly lastFetchedEpoch: number
  readonly maxBytes: number
  /** What the client was last told; -1 when nothing. */
  sentHighWatermark: number
  sentLogStartOffset: number
}

/** What one client fetches, kept between its requests (KIP-227). */
export interface FetchSession {
  /** A session cannot change from names to ids or back (KIP-516). */
  readonly usesTopicIds: boolean
  readonly id: number
  /** The epoch the next request must carry. */
  epoch: number
  readonly watch: FetchWatch
  /** For whom the partitions were last looked at. */
  reader?: { readonly principal: Principal; readonly rights: number; readonly isolation: Isolation }
}

const maxSessionId = 0x7ffffffe
const maxEpoch = 0x7fffffff

export function fetchedKey(one: { topic: string; topicId: string; partition: number }): string {
  return `${one.topicId}/${one.topic}/${one.partition}`
}

/** The sessions of all clients; when there are too many, the one unused for longest makes room. */
export class FetchSessions {
  readonly #random: Random
  readonly #limit: number
  /** In order of use, the latest at the end. */
  readonly #sessions = new Map<number, FetchSession>()

  constructor(random: Random, limit: number) {
    this.#random = random
    this.#limit = limit
  }

  get count(): number {
    return this.#sessions.size
  }

  /** Begins a session; undefined when none are allowed: the client then sends everything each time. */
  create(watch: FetchWatch, usesTopicIds: boolean): FetchSession | undefined {
    if (this.#limit <= 0) return undefined
    while (this.#sessions.size >= this.#limit) this.remove(this.#sessions.keys().next().value!)
    let id = 0
    while (id === 0 || this.#sessions.has(id)) id = randomInt(this.#random, maxSessionId) + 1
    const session: FetchSession = { id, usesTopicIds, epoch: 1, watch }
    this.#sessions.set(id, session)
    return session
  }

  get(id: number): FetchSession | undefined {
    const session = this.#sessions.get(id)
    if (!session) return undefined
    this.#sessions.delete(id)
    this.#sessions.set(id, session)
    return session
  }

  remove(id: number): void {
    this.#sessions.get(id)?.watch.rest()
    this.#sessions.delete(id)
  }
}

/** Epoch 0 would begin anew: after the greatest comes 1. */
export function epochAfter(epoch: number): number {
  return epoch >= maxEpoch ? 1 : epoch + 1
}
