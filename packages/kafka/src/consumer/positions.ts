import type { Cluster } from '../client/cluster.ts'
import { fetchCommitted } from '../client/committed-offsets.ts'
import { earliestTimestamp, latestTimestamp, listOffsets } from '../client/list-offsets.ts'
import { isRetriable, kafkaError } from '../errors.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { Assignment } from './assignment.ts'
import type { ConsumerSettings } from './types.ts'

/** Finds where to begin: the committed offset, else what the reset policy says. */
export class Positions {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #assignment: Assignment
  readonly #changed: () => void
  readonly #purpose: string

  constructor(
    cluster: Cluster,
    settings: ConsumerSettings,
    parts: { assignment: Assignment; purpose: string; changed: () => void },
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#assignment = parts.assignment
    this.#purpose = parts.purpose
    this.#changed = parts.changed
  }

  /** Starts looking for every position that is missing. */
  start(): void {
    const missing = [...this.#assignment].filter(
      ({ position, resolving, error }) => position === undefined && !resolving && error === undefined,
    )
    if (missing.length === 0) return
    for (const assigned of missing) assigned.resolving = true
    const generations = new Map(missing.map((assigned) => [assigned, assigned.generation]))
    // Sought or revoked meanwhile: the answer is not wanted any more.
    const wanted = (): AssignedPartition[] =>
      missing.filter((assigned) => assigned.generation === generations.get(assigned))
    this.#resolve(wanted)
      .catch((error: unknown) => {
        // Retriable means that the time limit was reached: the next poll tries again.
        for (const assigned of wanted()) {
          assigned.resolving = false
          if (!isRetriable(error)) assigned.error = error
        }
      })
      .finally(this.#changed)
  }

  async #resolve(wanted: () => AssignedPartition[]): Promise<void> {
    const { groupId } = this.#settings
    await Promise.all([...new Set(wanted().map(({ topic }) => topic))].map((topic) => this.#cluster.topic(topic)))
    if (groupId !== undefined) {
      const ask = wanted().filter(({ outOfRange }) => !outOfRange)
      const committed = await fetchCommitted(this.#cluster, groupId, ask, { purpose: this.#purpose })
      const offsets = new Map(committed.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]))
      for (const assigned of wanted()) {
        const offset = offsets.get(`${assigned.topic}-${assigned.partition}`)
        if (offset !== undefined && !assigned.outOfRange) assigned.seek(offset)
      }
      this.#changed()
    }
    const left = wanted()
    if (left.length === 0) return
    const { autoOffsetReset, isolation } = this.#settings
    if (autoOffsetReset === 'fail') {
      for (const assigned of left) {
        const { topic, partition, outOfRange } = assigned
        const reason = outOfRange ? 'the offset no longer exists' : 'no offset was committed'
        assigned.error = kafkaError('KAFKA_NO_OFFSET', `${topic}-${partition}: ${reason}`, { topic, partition })
        assigned.resolving = false
      }
      return
    }
    const timestamp = autoOffsetReset === 'earliest' ? earliestTimestamp : latestTimestamp
    const queries = left.map(({ topic, partition }) => ({ topic, partition, timestamp }))
    const answers = await listOffsets(this.#cluster, queries, { isolation, purpose: this.#purpose })
    const still = new Set(wanted())
    for (const [index, assigned] of left.entries()) {
      if (still.has(assigned)) assigned.seek((answers[index] as { offset: number }).offset)
    }
  }
}
