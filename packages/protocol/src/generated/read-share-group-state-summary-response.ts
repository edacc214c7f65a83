export interface ReadShareGroupStateSummaryResponse {
  /** []ReadStateSummaryResult, v0+ */
  results: ReadShareGroupStateSummaryResponseReadStateSummaryResult[]
}

export interface ReadShareGroupStateSummaryResponseReadStateSummaryResult {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionResult, v0+ */
  partitions: ReadShareGroupStateSummaryResponsePartitionResult[]
}

export interface ReadShareGroupStateSummaryResponsePartitionResult {
  /** int32, v0+ */
  partition: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int32, v0+ */
  stateEpoch: number
  /** int32, v0+ */
  leaderEpoch: number
  /** int64, v0+ */
  startOffset: number
  /** int32, v1+ */
  deliveryCompleteCount: number
}
