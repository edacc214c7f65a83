export interface DeleteShareGroupStateRequest {
  /** string, v0+ */
  groupId: string
  /** []DeleteStateData, v0+ */
  topics: DeleteShareGroupStateRequestDeleteStateData[]
}

export interface DeleteShareGroupStateRequestDeleteStateData {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: DeleteShareGroupStateRequestPartitionData[]
}

export interface DeleteShareGroupStateRequestPartitionData {
  /** int32, v0+ */
  partition: number
}
