export interface DescribeTopicPartitionsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DescribeTopicPartitionsResponseTopic, v0+ */
  topics: DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic[]
  /** Cursor, v0+ */
  nextCursor: DescribeTopicPartitionsResponseCursor | null
}

export interface DescribeTopicPartitionsResponseDescribeTopicPartitionsResponseTopic {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  name: string | null
  /** uuid, v0+ */
  topicId: string
  /** bool, v0+ */
  isInternal: boolean
  /** []DescribeTopicPartitionsResponsePartition, v0+ */
  partitions: DescribeTopicPartitionsResponseDescribeTopicPartitionsResponsePartition[]
  /** int32, v0+ */
  topicAuthorizedOperations: number
}

export interface DescribeTopicPartitionsResponseDescribeTopicPartitionsResponsePartition {
  /** int16, v0+ */
  errorCode: number
  /** int32, v0+ */
  partitionIndex: number
  /** int32, v0+ */
  leaderId: number
  /** int32, v0+ */
  leaderEpoch: number
  /** []int32, v0+ */
  replicaNodes: number[]
  /** []int32, v0+ */
  isrNodes: number[]
  /** []int32, v0+ */
  eligibleLeaderReplicas: number[] | null
  /** []int32, v0+ */
  lastKnownElr: number[] | null
  /** []int32, v0+ */
  offlineReplicas: number[]
}

export interface DescribeTopicPartitionsResponseCursor {
  /** string, v0+ */
  topicName: string
  /** int32, v0+ */
  partitionIndex: number
}
