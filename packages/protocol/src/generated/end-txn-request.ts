export interface EndTxnRequest {
  /** string, v0+ */
  transactionalId: string
  /** int64, v0+ */
  producerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** bool, v0+ */
  committed: boolean
}
