export interface ExpireDelegationTokenResponse {
  /** int16, v0+ */
  errorCode: number
  /** int64, v0+ */
  expiryTimestampMs: number
  /** int32, v0+ */
  throttleTimeMs: number
}
