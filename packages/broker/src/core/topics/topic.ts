import type { TopicConfig } from '../config/topic-config.ts'
import type { Partition } from '../partition.ts'
import type { Birth } from './metadata-journal.ts'

/** A topic and its partitions; the index in the array is the partition's number. */
export interface Topic {
  readonly name: string
  readonly id: string
  readonly config: TopicConfig
  readonly partitions: Partition[]
  births: readonly Birth[]
  /** Holds what another log holds, at its offsets and in its epochs; clients only read it. */
  mirror: boolean
  /** Kept by the broker for itself: clients may read it but not create or delete it. */
  readonly internal: boolean
}

export const internalTopics = ['__consumer_offsets', '__transaction_state'] as const
export type InternalTopicName = (typeof internalTopics)[number]

export function isInternalTopic(name: string): name is InternalTopicName {
  return (internalTopics as readonly string[]).includes(name)
}
