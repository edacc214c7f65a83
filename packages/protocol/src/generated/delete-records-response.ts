export interface DeleteRecordsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DeleteRecordsTopicResult, v0+ */
  topics: DeleteRecordsResponseDeleteRecordsTopicResult[]
}

export interface DeleteRecordsResponseDeleteRecordsTopicResult {
  /** string, v0+ */
  name: string
  /** []DeleteRecordsPartitionResult, v0+ */
  partitions: DeleteRecordsResponseDeleteRecordsPartitionResult[]
}

export interface DeleteRecordsResponseDeleteRecordsPartitionResult {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  lowWatermark: number
  /** int16, v0+ */
  errorCode: number
}
