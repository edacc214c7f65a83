export interface WriteShareGroupStateRequest {
  /** string, v0+ */
  groupId: string
  /** []WriteStateData, v0+ */
  topics: WriteShareGroupStateRequestWriteStateData[]
}

export interface WriteShareGroupStateRequestWriteStateData {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: WriteShareGroupStateRequestPartitionData[]
}

export interface WriteShareGroupStateRequestPartitionData {
  /** int32, v0+ */
  partition: number
  /** int32, v0+ */
  stateEpoch: number
  /** int32, v0+ */
  leaderEpoch: number
  /** int64, v0+ */
  startOffset: number
  /** int32, v1+ */
  deliveryCompleteCount: number
  /** []StateBatch, v0+ */
  stateBatches: WriteShareGroupStateRequestStateBatch[]
}

export interface WriteShareGroupStateRequestStateBatch {
  /** int64, v0+ */
  firstOffset: number
  /** int64, v0+ */
  lastOffset: number
  /** int8, v0+ */
  deliveryState: number
  /** int16, v0+ */
  deliveryCount: number
}
