export interface ReadShareGroupStateSummaryRequest {
  /** string, v0+ */
  groupId: string
  /** []ReadStateSummaryData, v0+ */
  topics: ReadShareGroupStateSummaryRequestReadStateSummaryData[]
}

export interface ReadShareGroupStateSummaryRequestReadStateSummaryData {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: ReadShareGroupStateSummaryRequestPartitionData[]
}

export interface ReadShareGroupStateSummaryRequestPartitionData {
  /** int32, v0+ */
  partition: number
  /** int32, v0+ */
  leaderEpoch: number
}
