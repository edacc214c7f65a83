export interface ReadShareGroupStateResponse {
  /** []ReadStateResult, v0+ */
  results: ReadShareGroupStateResponseReadStateResult[]
}

export interface ReadShareGroupStateResponseReadStateResult {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionResult, v0+ */
  partitions: ReadShareGroupStateResponsePartitionResult[]
}

export interface ReadShareGroupStateResponsePartitionResult {
  /** int32, v0+ */
  partition: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int32, v0+ */
  stateEpoch: number
  /** int64, v0+ */
  startOffset: number
  /** []StateBatch, v0+ */
  stateBatches: ReadShareGroupStateResponseStateBatch[]
}

export interface ReadShareGroupStateResponseStateBatch {
  /** int64, v0+ */
  firstOffset: number
  /** int64, v0+ */
  lastOffset: number
  /** int8, v0+ */
  deliveryState: number
  /** int16, v0+ */
  deliveryCount: number
}
