export interface TransactionLogValue {
  /** int64, v0+ */
  producerId: number
  /** int64, v1+, tag 0 */
  previousProducerId: number
  /** int64, v1+, tag 1 */
  nextProducerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** int16, v1+, tag 3 */
  nextProducerEpoch: number
  /** int32, v0+ */
  transactionTimeoutMs: number
  /** int8, v0+ */
  transactionStatus: number
  /** []PartitionsSchema, v0+ */
  transactionPartitions: TransactionLogValuePartitionsSchema[] | null
  /** int64, v0+ */
  transactionLastUpdateTimestampMs: number
  /** int64, v0+ */
  transactionStartTimestampMs: number
  /** int16, v1+, tag 2 */
  clientTransactionVersion: number
}

export interface TransactionLogValuePartitionsSchema {
  /** string, v0+ */
  topic: string
  /** []int32, v0+ */
  partitionIds: number[]
}
