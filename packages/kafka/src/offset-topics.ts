import type { TopicPartitionOffset } from './producer/types.ts'

/** Offsets grouped by topic, as OffsetCommit and TxnOffsetCommit want them. */
export function offsetCommitTopics(offsets: readonly TopicPartitionOffset[]) {
  return groupByTopic(offsets).map(([name, inTopic]) => ({
    name,
    partitions: inTopic.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: leaderEpoch,
      committedMetadata: metadata,
    })),
  }))
}

export function groupByTopic<T extends { readonly topic: string }>(entries: Iterable<T>): [string, T[]][] {
  const byTopic = new Map<string, T[]>()
  for (const entry of entries) {
    const inTopic = byTopic.get(entry.topic)
    if (inTopic === undefined) byTopic.set(entry.topic, [entry])
    else inTopic.push(entry)
  }
  return [...byTopic]
}
