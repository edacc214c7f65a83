export interface ElectLeadersRequest {
  /** int8, v1+ */
  electionType: number
  /** []TopicPartitions, v0+ */
  topicPartitions: ElectLeadersRequestTopicPartitions[] | null
  /** int32, v0+ */
  timeoutMs: number
}

export interface ElectLeadersRequestTopicPartitions {
  /** string, v0+ */
  topic: string
  /** []int32, v0+ */
  partitions: number[]
}
