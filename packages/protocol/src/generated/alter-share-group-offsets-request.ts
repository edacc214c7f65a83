export interface AlterShareGroupOffsetsRequest {
  /** string, v0+ */
  groupId: string
  /** []AlterShareGroupOffsetsRequestTopic, v0+ */
  topics: AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestTopic[]
}

export interface AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestTopic {
  /** string, v0+ */
  topicName: string
  /** []AlterShareGroupOffsetsRequestPartition, v0+ */
  partitions: AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestPartition[]
}

export interface AlterShareGroupOffsetsRequestAlterShareGroupOffsetsRequestPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  startOffset: number
}
