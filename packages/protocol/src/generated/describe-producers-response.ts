export interface DescribeProducersResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []TopicResponse, v0+ */
  topics: DescribeProducersResponseTopicResponse[]
}

export interface DescribeProducersResponseTopicResponse {
  /** string, v0+ */
  name: string
  /** []PartitionResponse, v0+ */
  partitions: DescribeProducersResponsePartitionResponse[]
}

export interface DescribeProducersResponsePartitionResponse {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []ProducerState, v0+ */
  activeProducers: DescribeProducersResponseProducerState[]
}

export interface DescribeProducersResponseProducerState {
  /** int64, v0+ */
  producerId: number
  /** int32, v0+ */
  producerEpoch: number
  /** int32, v0+ */
  lastSequence: number
  /** int64, v0+ */
  lastTimestamp: number
  /** int32, v0+ */
  coordinatorEpoch: number
  /** int64, v0+ */
  currentTxnStartOffset: number
}
