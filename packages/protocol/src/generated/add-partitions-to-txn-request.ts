export interface AddPartitionsToTxnRequest {
  /** []AddPartitionsToTxnTransaction, v4+ */
  transactions: AddPartitionsToTxnRequestAddPartitionsToTxnTransaction[]
  /** string, v0-3 */
  v3AndBelowTransactionalId: string
  /** int64, v0-3 */
  v3AndBelowProducerId: number
  /** int16, v0-3 */
  v3AndBelowProducerEpoch: number
  /** []AddPartitionsToTxnTopic, v0-3 */
  v3AndBelowTopics: AddPartitionsToTxnRequestAddPartitionsToTxnTopic[]
}

export interface AddPartitionsToTxnRequestAddPartitionsToTxnTransaction {
  /** string, v4+ */
  transactionalId: string
  /** int64, v4+ */
  producerId: number
  /** int16, v4+ */
  producerEpoch: number
  /** bool, v4+ */
  verifyOnly: boolean
  /** []AddPartitionsToTxnTopic, v4+ */
  topics: AddPartitionsToTxnRequestAddPartitionsToTxnTopic[]
}

export interface AddPartitionsToTxnRequestAddPartitionsToTxnTopic {
  /** string, v0+ */
  name: string
  /** []int32, v0+ */
  partitions: number[]
}
