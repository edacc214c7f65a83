export interface DeleteShareGroupStateResponse {
  /** []DeleteStateResult, v0+ */
  results: DeleteShareGroupStateResponseDeleteStateResult[]
}

export interface DeleteShareGroupStateResponseDeleteStateResult {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionResult, v0+ */
  partitions: DeleteShareGroupStateResponsePartitionResult[]
}

export interface DeleteShareGroupStateResponsePartitionResult {
  /** int32, v0+ */
  partition: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
