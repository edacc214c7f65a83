export interface ConsumerGroupTargetAssignmentMemberValue {
  /** []TopicPartition, v0+ */
  topicPartitions: ConsumerGroupTargetAssignmentMemberValueTopicPartition[]
}

export interface ConsumerGroupTargetAssignmentMemberValueTopicPartition {
  /** uuid, v0+ */
  topicId: string
  /** []int32, v0+ */
  partitions: number[]
}
