export interface ConsumerGroupPartitionMetadataValue {
  /** []TopicMetadata, v0+ */
  topics: ConsumerGroupPartitionMetadataValueTopicMetadata[]
}

export interface ConsumerGroupPartitionMetadataValueTopicMetadata {
  /** uuid, v0+ */
  topicId: string
  /** string, v0+ */
  topicName: string
  /** int32, v0+ */
  numPartitions: number
  /** []PartitionMetadata, v0+ */
  partitionMetadata: ConsumerGroupPartitionMetadataValuePartitionMetadata[]
}

export interface ConsumerGroupPartitionMetadataValuePartitionMetadata {
  /** int32, v0+ */
  partition: number
  /** []string, v0+ */
  racks: string[]
}
