export interface AddPartitionsToTxnResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v4+ */
  errorCode: number
  /** []AddPartitionsToTxnResult, v4+ */
  resultsByTransaction: AddPartitionsToTxnResponseAddPartitionsToTxnResult[]
  /** []AddPartitionsToTxnTopicResult, v0-3 */
  resultsByTopicV3AndBelow: AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult[]
}

export interface AddPartitionsToTxnResponseAddPartitionsToTxnResult {
  /** string, v4+ */
  transactionalId: string
  /** []AddPartitionsToTxnTopicResult, v4+ */
  topicResults: AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult[]
}

export interface AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult {
  /** string, v0+ */
  name: string
  /** []AddPartitionsToTxnPartitionResult, v0+ */
  resultsByPartition: AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult[]
}

export interface AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  partitionErrorCode: number
}
