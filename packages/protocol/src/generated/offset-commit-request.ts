export interface OffsetCommitRequest {
  /** string, v0+ */
  groupId: string
  /** int32, v1+ */
  generationIdOrMemberEpoch: number
  /** string, v1+ */
  memberId: string
  /** string, v7+ */
  groupInstanceId: string | null
  /** int64, v2-4 */
  retentionTimeMs: number
  /** []OffsetCommitRequestTopic, v0+ */
  topics: OffsetCommitRequestOffsetCommitRequestTopic[]
}

export interface OffsetCommitRequestOffsetCommitRequestTopic {
  /** string, v0-9 */
  name: string
  /** uuid, v10+ */
  topicId: string
  /** []OffsetCommitRequestPartition, v0+ */
  partitions: OffsetCommitRequestOffsetCommitRequestPartition[]
}

export interface OffsetCommitRequestOffsetCommitRequestPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  committedOffset: number
  /** int32, v6+ */
  committedLeaderEpoch: number
  /** string, v0+ */
  committedMetadata: string | null
}
