import type { TopicPartition } from '../producer/types.ts'
import { AssignedPartition } from './assigned-partition.ts'

/** The partitions that a consumer reads at the moment. */
export class Assignment implements Iterable<AssignedPartition> {
  readonly #partitions = new Map<string, AssignedPartition>()

  get size(): number {
    return this.#partitions.size
  }

  get({ topic, partition }: TopicPartition): AssignedPartition | undefined {
    return this.#partitions.get(`${topic}-${partition}`)
  }

  /** Throws TypeError when the partition is not assigned. */
  require({ topic, partition }: TopicPartition): AssignedPartition {
    const found = this.get({ topic, partition })
    if (found === undefined) throw new TypeError(`${topic}-${partition} is not assigned to this consumer`)
    return found
  }

  add({ topic, partition }: TopicPartition): void {
    const key = `${topic}-${partition}`
    if (!this.#partitions.has(key)) this.#partitions.set(key, new AssignedPartition(topic, partition))
  }

  delete(partitions: Iterable<TopicPartition>): void {
    for (const { topic, partition } of [...partitions]) {
      // A reply that is still on its way finds another generation.
      this.get({ topic, partition })?.seek(undefined)
      this.#partitions.delete(`${topic}-${partition}`)
    }
  }

  /** Exactly these: what stays keeps its position and what it has fetched. */
  replace(partitions: readonly TopicPartition[]): void {
    const kept = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`))
    this.delete([...this].filter(({ topic, partition }) => !kept.has(`${topic}-${partition}`)))
    for (const one of partitions) this.add(one)
  }

  partitions(): TopicPartition[] {
    return [...this].map(({ topic, partition }) => ({ topic, partition }))
  }

  [Symbol.iterator](): Iterator<AssignedPartition> {
    return this.#partitions.values()
  }
}
