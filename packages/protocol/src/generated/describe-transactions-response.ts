export interface DescribeTransactionsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []TransactionState, v0+ */
  transactionStates: DescribeTransactionsResponseTransactionState[]
}

export interface DescribeTransactionsResponseTransactionState {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  transactionalId: string
  /** string, v0+ */
  transactionState: string
  /** int32, v0+ */
  transactionTimeoutMs: number
  /** int64, v0+ */
  transactionStartTimeMs: number
  /** int64, v0+ */
  producerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** []TopicData, v0+ */
  topics: DescribeTransactionsResponseTopicData[]
}

export interface DescribeTransactionsResponseTopicData {
  /** string, v0+ */
  topic: string
  /** []int32, v0+ */
  partitions: number[]
}
