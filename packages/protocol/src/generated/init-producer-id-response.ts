export interface InitProducerIdResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** int64, v0+ */
  producerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** int64, v6+ */
  ongoingTxnProducerId: number
  /** int16, v6+ */
  ongoingTxnProducerEpoch: number
}
