import type { Clock } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import { partitionText } from '../active-task.ts'
import type { TopicPartition } from '../assignment/tasks.ts'
import { boundOf, type Position } from './position.ts'
import type { Freshness } from './state-copy.ts'

interface Observation {
  readonly takenAtMs: number
  readonly position: Position
  /** By `topic/partition` of the changelogs. */
  readonly ends: ReadonlyMap<string, number>
}

export interface ReplicaFreshnessOptions {
  readonly client: KafkaClient
  readonly groupId: string
  readonly clock: Clock
  readonly inputs: readonly TopicPartition[]
  readonly changelogs: () => readonly (TopicPartition & { readonly isSource: boolean })[]
  /** The next offset that the copy reads of a changelog. */
  readonly reachedOf: (changelog: TopicPartition) => number | undefined
}

/** Observations that the copy has not come up to; older ones beyond that are forgotten. */
const pendingMax = 32

/**
 * How old a standby copy is, by the rule that takeover relies on too: committed input offsets first, and only stable
 * ones, then the ends of the changelogs. A copy that has come to those ends holds everything that was committed when the
 * offsets were read. It costs nothing while nobody asks, and changelogs need carry no positions.
 */
export class ReplicaFreshness {
  readonly #options: ReplicaFreshnessOptions
  #pending: Observation[] = []
  #reached: Observation | undefined
  #observing: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(options: ReplicaFreshnessOptions) {
    this.#options = options
  }

  /** As of now; it only grows, unless the copy had to begin again. */
  get freshness(): Freshness {
    const { reachedOf } = this.#options
    const isReached = ({ ends }: Observation): boolean =>
      this.#options.changelogs().every((changelog) => {
        const end = ends.get(partitionText(changelog))
        return end !== undefined && (end === 0 || (reachedOf(changelog) ?? -1) >= end)
      })
    if (this.#reached !== undefined && !isReached(this.#reached)) this.#reached = undefined
    for (let at = this.#pending.length - 1; at >= 0; at--) {
      if (!isReached(this.#pending[at]!)) continue
      this.#reached = this.#pending[at]
      this.#pending = this.#pending.slice(at + 1)
      break
    }
    return { asOfMs: this.#reached?.takenAtMs, position: this.#reached?.position ?? {} }
  }

  /** Begins after the call: an observation that is under way may be from before what the caller wants to see. */
  observe(): Promise<void> {
    if (this.#observing === undefined) {
      this.#observing = this.#observe().finally(() => {
        this.#observing = undefined
      })
      return this.#observing
    }
    this.#next ??= this.#observing
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.observe()
      })
    return this.#next
  }

  async #observe(): Promise<void> {
    const { client, groupId, clock, inputs, changelogs } = this.#options
    const takenAtMs = clock.now()
    const isInput = new Set(inputs.map(partitionText))
    const committed = (await client.admin.committedOffsets(groupId)).filter((at) => isInput.has(partitionText(at)))
    const [sources, proper] = [changelogs().filter((at) => at.isSource), changelogs().filter((at) => !at.isSource)]
    const asked = proper.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }))
    const consumed = new Map(committed.map((at) => [partitionText(at), at.offset]))
    // Up to the high watermark: an open transaction may hold the last stable offset back below committed records.
    const ends = await client.admin.listOffsets(asked, { isolation: 'read_uncommitted' })
    this.#pending.push({
      takenAtMs,
      position: boundOf(committed.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset - 1 }))),
      ends: new Map([
        ...ends.map((end) => [partitionText(end), end.offset] as const),
        // Of a topic of the user's the state holds what was consumed.
        ...sources.map((at) => [partitionText(at), consumed.get(partitionText(at)) ?? 0] as const),
      ]),
    })
    // The eldest but one goes: the eldest is what the copy comes to first.
    if (this.#pending.length > pendingMax) this.#pending.splice(1, 1)
  }
}
