export interface ReadShareGroupStateRequest {
  /** string, v0+ */
  groupId: string
  /** []ReadStateData, v0+ */
  topics: ReadShareGroupStateRequestReadStateData[]
}

export interface ReadShareGroupStateRequestReadStateData {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: ReadShareGroupStateRequestPartitionData[]
}

export interface ReadShareGroupStateRequestPartitionData {
  /** int32, v0+ */
  partition: number
  /** int32, v0+ */
  leaderEpoch: number
}
