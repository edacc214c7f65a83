import type { FetchResponse } from '@millrace/protocol'
import type { Isolation } from '../partition.ts'
import { Deferred, type RequestContext } from '../request.ts'
import type { FetchPlan } from './fetch-request.ts'
import type { Waiting } from './fetch-watch.ts'
import { type FetchLimits, noteSent, readPartitions } from './read-partitions.ts'

/**
 * A fetch that waits for data. There may be thousands, each for half a second: what one holds lives longer than the young
 * generation, is copied twice and then left to the old one. So it is one object, and the request is not among what it holds.
 */
export class WaitingFetch implements Waiting {
  readonly minBytes: number
  available: number
  readonly #context: RequestContext
  readonly #plan: FetchPlan
  readonly #limits: FetchLimits
  readonly #answer = new Deferred<FetchResponse>()
  #cancelTimer: (() => void) | undefined

  constructor(
    context: RequestContext,
    plan: FetchPlan,
    limits: FetchLimits,
    { minBytes, available }: { readonly minBytes: number; readonly available: number },
  ) {
    this.#context = context
    this.#plan = plan
    this.#limits = limits
    this.minBytes = minBytes
    this.available = available
  }

  get isolation(): Isolation {
    return this.#limits.isolation
  }

  /** The answer comes once enough has been appended, a partition goes away, or the wait is over. */
  begin(maxWaitMs: number): Deferred<FetchResponse> {
    const { core, session } = this.#context
    const { watch } = this.#plan
    watch.wait(this)
    this.#cancelTimer = core.clock.after(maxWaitMs, () => core.run(() => this.enough()))
    this.#answer.onAbandoned(() => {
      this.#cancelTimer?.()
      watch.rest()
    })
    if (this.#plan.session) session.watches(watch)
    return this.#answer
  }

  enough(): void {
    if (this.#answer.settled) return
    this.#cancelTimer?.()
    // A session goes on watching: most of its partitions will be as quiet at the next poll.
    if (this.#plan.session) this.#plan.watch.stopWaiting()
    else this.#plan.watch.rest()
    const found = readPartitions(this.#context, this.#plan, this.#limits)
    noteSent(this.#plan, found)
    this.#answer.resolve(found.response)
  }
}
