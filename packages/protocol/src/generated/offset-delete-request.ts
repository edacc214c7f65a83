export interface OffsetDeleteRequest {
  /** string, v0+ */
  groupId: string
  /** []OffsetDeleteRequestTopic, v0+ */
  topics: OffsetDeleteRequestOffsetDeleteRequestTopic[]
}

export interface OffsetDeleteRequestOffsetDeleteRequestTopic {
  /** string, v0+ */
  name: string
  /** []OffsetDeleteRequestPartition, v0+ */
  partitions: OffsetDeleteRequestOffsetDeleteRequestPartition[]
}

export interface OffsetDeleteRequestOffsetDeleteRequestPartition {
  /** int32, v0+ */
  partitionIndex: number
}
