export interface EndTxnResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** int64, v5+ */
  producerId: number
  /** int16, v5+ */
  producerEpoch: number
}
