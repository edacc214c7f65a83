export interface InitializeShareGroupStateResponse {
  /** []InitializeStateResult, v0+ */
  results: InitializeShareGroupStateResponseInitializeStateResult[]
}

export interface InitializeShareGroupStateResponseInitializeStateResult {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionResult, v0+ */
  partitions: InitializeShareGroupStateResponsePartitionResult[]
}

export interface InitializeShareGroupStateResponsePartitionResult {
  /** int32, v0+ */
  partition: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
