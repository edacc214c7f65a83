export interface AddOffsetsToTxnRequest {
  /** string, v0+ */
  transactionalId: string
  /** int64, v0+ */
  producerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** string, v0+ */
  groupId: string
}
