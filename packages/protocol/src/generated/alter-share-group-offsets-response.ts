export interface AlterShareGroupOffsetsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []AlterShareGroupOffsetsResponseTopic, v0+ */
  responses: AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponseTopic[]
}

export interface AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponseTopic {
  /** string, v0+ */
  topicName: string
  /** uuid, v0+ */
  topicId: string
  /** []AlterShareGroupOffsetsResponsePartition, v0+ */
  partitions: AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponsePartition[]
}

export interface AlterShareGroupOffsetsResponseAlterShareGroupOffsetsResponsePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
