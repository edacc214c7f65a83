/** A map by topic and partition. */
export class PartitionMap<T> {
  readonly #topics = new Map<string, Map<number, T>>()

  get(topic: string, partition: number): T | undefined {
    return this.#topics.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, value: T): void {
    const partitions = this.#topics.get(topic)
    if (partitions) partitions.set(partition, value)
    else this.#topics.set(topic, new Map([[partition, value]]))
  }

  delete(topic: string, partition: number): boolean {
    const partitions = this.#topics.get(topic)
    if (!partitions?.delete(partition)) return false
    if (partitions.size === 0) this.#topics.delete(topic)
    return true
  }

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  topics(): Iterable<[string, ReadonlyMap<number, T>]> {
    return this.#topics
  }

  *entries(): Iterable<{ readonly topic: string; readonly partition: number; readonly value: T }> {
    for (const [topic, partitions] of this.#topics) {
      for (const [partition, value] of partitions) yield { topic, partition, value }
    }
  }
}
