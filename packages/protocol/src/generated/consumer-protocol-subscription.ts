export interface ConsumerProtocolSubscription {
  /** []string, v0+ */
  topics: string[]
  /** bytes, v0+ */
  userData: Buffer | null
  /** []TopicPartition, v1+ */
  ownedPartitions: ConsumerProtocolSubscriptionTopicPartition[]
  /** int32, v2+ */
  generationId: number
  /** string, v3+ */
  rackId: string | null
}

export interface ConsumerProtocolSubscriptionTopicPartition {
  /** string, v1+ */
  topic: string
  /** []int32, v1+ */
  partitions: number[]
}
