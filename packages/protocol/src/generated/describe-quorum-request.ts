export interface DescribeQuorumRequest {
  /** []TopicData, v0+ */
  topics: DescribeQuorumRequestTopicData[]
}

export interface DescribeQuorumRequestTopicData {
  /** string, v0+ */
  topicName: string
  /** []PartitionData, v0+ */
  partitions: DescribeQuorumRequestPartitionData[]
}

export interface DescribeQuorumRequestPartitionData {
  /** int32, v0+ */
  partitionIndex: number
}
