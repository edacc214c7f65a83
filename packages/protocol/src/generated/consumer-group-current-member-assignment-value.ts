export interface ConsumerGroupCurrentMemberAssignmentValue {
  /** int32, v0+ */
  memberEpoch: number
  /** int32, v0+ */
  previousMemberEpoch: number
  /** int8, v0+ */
  state: number
  /** []TopicPartitions, v0+ */
  assignedPartitions: ConsumerGroupCurrentMemberAssignmentValueTopicPartitions[]
  /** []TopicPartitions, v0+ */
  partitionsPendingRevocation: ConsumerGroupCurrentMemberAssignmentValueTopicPartitions[]
}

export interface ConsumerGroupCurrentMemberAssignmentValueTopicPartitions {
  /** uuid, v0+ */
  topicId: string
  /** []int32, v0+ */
  partitions: number[]
  /** []int32, v0+, tag 0 */
  assignmentEpochs: number[] | null
}
