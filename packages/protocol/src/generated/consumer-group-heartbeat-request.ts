export interface ConsumerGroupHeartbeatRequest {
  /** string, v0+ */
  groupId: string
  /** string, v0+ */
  memberId: string
  /** int32, v0+ */
  memberEpoch: number
  /** string, v0+ */
  instanceId: string | null
  /** string, v0+ */
  rackId: string | null
  /** int32, v0+ */
  rebalanceTimeoutMs: number
  /** []string, v0+ */
  subscribedTopicNames: string[] | null
  /** string, v1+ */
  subscribedTopicRegex: string | null
  /** string, v0+ */
  serverAssignor: string | null
  /** []TopicPartitions, v0+ */
  topicPartitions: ConsumerGroupHeartbeatRequestTopicPartitions[] | null
}

export interface ConsumerGroupHeartbeatRequestTopicPartitions {
  /** uuid, v0+ */
  topicId: string
  /** []int32, v0+ */
  partitions: number[]
}
