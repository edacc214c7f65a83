export interface OffsetDeleteResponse {
  /** int16, v0+ */
  errorCode: number
  /** int32, v0+ */
  throttleTimeMs: number
  /** []OffsetDeleteResponseTopic, v0+ */
  topics: OffsetDeleteResponseOffsetDeleteResponseTopic[]
}

export interface OffsetDeleteResponseOffsetDeleteResponseTopic {
  /** string, v0+ */
  name: string
  /** []OffsetDeleteResponsePartition, v0+ */
  partitions: OffsetDeleteResponseOffsetDeleteResponsePartition[]
}

export interface OffsetDeleteResponseOffsetDeleteResponsePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
}
