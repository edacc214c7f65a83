export interface TxnOffsetCommitRequest {
  /** string, v0+ */
  transactionalId: string
  /** string, v0+ */
  groupId: string
  /** int64, v0+ */
  producerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** int32, v3+ */
  generationId: number
  /** string, v3+ */
  memberId: string
  /** string, v3+ */
  groupInstanceId: string | null
  /** []TxnOffsetCommitRequestTopic, v0+ */
  topics: TxnOffsetCommitRequestTxnOffsetCommitRequestTopic[]
}

export interface TxnOffsetCommitRequestTxnOffsetCommitRequestTopic {
  /** string, v0+ */
  name: string
  /** []TxnOffsetCommitRequestPartition, v0+ */
  partitions: TxnOffsetCommitRequestTxnOffsetCommitRequestPartition[]
}

export interface TxnOffsetCommitRequestTxnOffsetCommitRequestPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  committedOffset: number
  /** int32, v2+ */
  committedLeaderEpoch: number
  /** string, v0+ */
  committedMetadata: string | null
}
