export interface ListOffsetsResponse {
  /** int32, v2+ */
  throttleTimeMs: number
  /** []ListOffsetsTopicResponse, v0+ */
  topics: ListOffsetsResponseListOffsetsTopicResponse[]
}

export interface ListOffsetsResponseListOffsetsTopicResponse {
  /** string, v0+ */
  name: string
  /** []ListOffsetsPartitionResponse, v0+ */
  partitions: ListOffsetsResponseListOffsetsPartitionResponse[]
}

export interface ListOffsetsResponseListOffsetsPartitionResponse {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** int64, v1+ */
  timestamp: number
  /** int64, v1+ */
  offset: number
  /** int32, v4+ */
  leaderEpoch: number
}
