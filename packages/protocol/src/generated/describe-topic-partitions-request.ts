export interface DescribeTopicPartitionsRequest {
  /** []TopicRequest, v0+ */
  topics: DescribeTopicPartitionsRequestTopicRequest[]
  /** int32, v0+ */
  responsePartitionLimit: number
  /** Cursor, v0+ */
  cursor: DescribeTopicPartitionsRequestCursor | null
}

export interface DescribeTopicPartitionsRequestTopicRequest {
  /** string, v0+ */
  name: string
}

export interface DescribeTopicPartitionsRequestCursor {
  /** string, v0+ */
  topicName: string
  /** int32, v0+ */
  partitionIndex: number
}
