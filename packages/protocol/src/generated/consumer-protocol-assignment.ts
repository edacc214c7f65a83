export interface ConsumerProtocolAssignment {
  /** []TopicPartition, v0+ */
  assignedPartitions: ConsumerProtocolAssignmentTopicPartition[]
  /** bytes, v0+ */
  userData: Buffer | null
}

export interface ConsumerProtocolAssignmentTopicPartition {
  /** string, v0+ */
  topic: string
  /** []int32, v0+ */
  partitions: number[]
}
