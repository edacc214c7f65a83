export interface TxnOffsetCommitResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []TxnOffsetCommitResponseTopic, v0+ */
  topics: TxnOffsetCommitResponseTxnOffsetCommitResponseTopic[]
}

export interface TxnOffsetCommitResponseTxnOffsetCommitResponseTopic {
  /** string, v0+ */
  name: string
  /** []TxnOffsetCommitResponsePartition, v0+ */
  partitions: TxnOffsetCommitResponseTxnOffsetCommitResponsePartition[]
}

export interface TxnOffsetCommitResponseTxnOffsetCommitResponsePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
}
