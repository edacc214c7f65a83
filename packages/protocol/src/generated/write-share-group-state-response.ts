export interface WriteShareGroupStateResponse {
  /** []WriteStateResult, v0+ */
  results: WriteShareGroupStateResponseWriteStateResult[]
}

export interface WriteShareGroupStateResponseWriteStateResult {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionResult, v0+ */
  partitions: WriteShareGroupStateResponsePartitionResult[]
}

export interface WriteShareGroupStateResponsePartitionResult {
  /** int32, v0+ */
  partition: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
