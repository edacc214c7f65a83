export interface OffsetCommitResponse {
  /** int32, v3+ */
  throttleTimeMs: number
  /** []OffsetCommitResponseTopic, v0+ */
  topics: OffsetCommitResponseOffsetCommitResponseTopic[]
}

export interface OffsetCommitResponseOffsetCommitResponseTopic {
  /** string, v0-9 */
  name: string
  /** uuid, v10+ */
  topicId: string
  /** []OffsetCommitResponsePartition, v0+ */
  partitions: OffsetCommitResponseOffsetCommitResponsePartition[]
}

export interface OffsetCommitResponseOffsetCommitResponsePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
}
