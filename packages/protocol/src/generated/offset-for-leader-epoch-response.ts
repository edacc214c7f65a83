export interface OffsetForLeaderEpochResponse {
  /** int32, v2+ */
  throttleTimeMs: number
  /** []OffsetForLeaderTopicResult, v0+ */
  topics: OffsetForLeaderEpochResponseOffsetForLeaderTopicResult[]
}

export interface OffsetForLeaderEpochResponseOffsetForLeaderTopicResult {
  /** string, v0+ */
  topic: string
  /** []EpochEndOffset, v0+ */
  partitions: OffsetForLeaderEpochResponseEpochEndOffset[]
}

export interface OffsetForLeaderEpochResponseEpochEndOffset {
  /** int16, v0+ */
  errorCode: number
  /** int32, v0+ */
  partition: number
  /** int32, v1+ */
  leaderEpoch: number
  /** int64, v0+ */
  endOffset: number
}
