export interface InitProducerIdRequest {
  /** string, v0+ */
  transactionalId: string | null
  /** int32, v0+ */
  transactionTimeoutMs: number
  /** int64, v3+ */
  producerId: number
  /** int16, v3+ */
  producerEpoch: number
  /** bool, v6+ */
  enable2Pc: boolean
  /** bool, v6+ */
  keepPreparedTxn: boolean
}
