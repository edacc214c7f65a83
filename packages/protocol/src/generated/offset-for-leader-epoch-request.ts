export interface OffsetForLeaderEpochRequest {
  /** int32, v3+ */
  replicaId: number
  /** []OffsetForLeaderTopic, v0+ */
  topics: OffsetForLeaderEpochRequestOffsetForLeaderTopic[]
}

export interface OffsetForLeaderEpochRequestOffsetForLeaderTopic {
  /** string, v0+ */
  topic: string
  /** []OffsetForLeaderPartition, v0+ */
  partitions: OffsetForLeaderEpochRequestOffsetForLeaderPartition[]
}

export interface OffsetForLeaderEpochRequestOffsetForLeaderPartition {
  /** int32, v0+ */
  partition: number
  /** int32, v2+ */
  currentLeaderEpoch: number
  /** int32, v0+ */
  leaderEpoch: number
}
