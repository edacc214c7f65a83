export interface ConsumerGroupHeartbeatResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** string, v0+ */
  memberId: string | null
  /** int32, v0+ */
  memberEpoch: number
  /** int32, v0+ */
  heartbeatIntervalMs: number
  /** Assignment, v0+ */
  assignment: ConsumerGroupHeartbeatResponseAssignment | null
}

export interface ConsumerGroupHeartbeatResponseAssignment {
  /** []TopicPartitions, v0+ */
  topicPartitions: ConsumerGroupHeartbeatResponseTopicPartitions[]
}

export interface ConsumerGroupHeartbeatResponseTopicPartitions {
  /** uuid, v0+ */
  topicId: string
  /** []int32, v0+ */
  partitions: number[]
}
