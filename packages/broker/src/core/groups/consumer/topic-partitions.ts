/** Partitions by topic id. No topic is in it without a partition. */
export type TopicPartitions = ReadonlyMap<string, ReadonlySet<number>>

/** Partitions by topic id, each with the member epoch in which the member got it (KIP-1251). */
export type EpochPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>

export const noPartitions: TopicPartitions = new Map()
export const noEpochPartitions: EpochPartitions = new Map()

/** A list as the protocol has it, topics and partitions in order, so that equal sets are equal bytes. */
export interface TopicPartitionList {
  readonly topicId: string
  readonly partitions: number[]
}

type Has = ReadonlyMap<string, { keys(): Iterable<number>; has(partition: number): boolean; readonly size: number }>

export function toList(partitions: Has): TopicPartitionList[] {
  return Array.from(partitions, ([topicId, indexes]) => ({
    topicId,
    partitions: [...indexes.keys()].sort((a, b) => a - b),
  })).sort((a, b) => (a.topicId < b.topicId ? -1 : 1))
}

export function fromList(
  list: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
): TopicPartitions {
  const found = new Map<string, Set<number>>()
  for (const { topicId, partitions } of list) {
    if (partitions.length > 0) found.set(topicId, new Set([...(found.get(topicId) ?? []), ...partitions]))
  }
  return found
}

/** Gives every partition the same epoch. */
export function withEpoch(partitions: TopicPartitions, epoch: number): EpochPartitions {
  return new Map(
    Array.from(partitions, ([topicId, indexes]) => [topicId, new Map(Array.from(indexes, (one) => [one, epoch]))]),
  )
}

export function isSamePartitions(a: Has, b: Has): boolean {
  return a.size === b.size && isSubset(a, b) && countPartitions(a) === countPartitions(b)
}

/** Whether all of `some` is in `all`. */
export function isSubset(some: Has, all: Has): boolean {
  for (const [topicId, indexes] of some) {
    const others = all.get(topicId)
    for (const index of indexes.keys()) if (!others?.has(index)) return false
  }
  return true
}

export function intersects(a: Has, b: Has): boolean {
  for (const [topicId, indexes] of a) {
    const others = b.get(topicId)
    if (others) for (const index of indexes.keys()) if (others.has(index)) return true
  }
  return false
}

function countPartitions(partitions: Has): number {
  let count = 0
  for (const indexes of partitions.values()) count += indexes.size
  return count
}
