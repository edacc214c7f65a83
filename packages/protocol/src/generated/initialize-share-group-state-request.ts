export interface InitializeShareGroupStateRequest {
  /** string, v0+ */
  groupId: string
  /** []InitializeStateData, v0+ */
  topics: InitializeShareGroupStateRequestInitializeStateData[]
}

export interface InitializeShareGroupStateRequestInitializeStateData {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: InitializeShareGroupStateRequestPartitionData[]
}

export interface InitializeShareGroupStateRequestPartitionData {
  /** int32, v0+ */
  partition: number
  /** int32, v0+ */
  stateEpoch: number
  /** int64, v0+ */
  startOffset: number
}
