export interface DescribeProducersRequest {
  /** []TopicRequest, v0+ */
  topics: DescribeProducersRequestTopicRequest[]
}

export interface DescribeProducersRequestTopicRequest {
  /** string, v0+ */
  name: string
  /** []int32, v0+ */
  partitionIndexes: number[]
}
