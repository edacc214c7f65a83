export interface ListOffsetsRequest {
  /** int32, v0+ */
  replicaId: number
  /** int8, v2+ */
  isolationLevel: number
  /** []ListOffsetsTopic, v0+ */
  topics: ListOffsetsRequestListOffsetsTopic[]
  /** int32, v10+ */
  timeoutMs: number
}

export interface ListOffsetsRequestListOffsetsTopic {
  /** string, v0+ */
  name: string
  /** []ListOffsetsPartition, v0+ */
  partitions: ListOffsetsRequestListOffsetsPartition[]
}

export interface ListOffsetsRequestListOffsetsPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int32, v4+ */
  currentLeaderEpoch: number
  /** int64, v0+ */
  timestamp: number
}
