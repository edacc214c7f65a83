export interface ExpireDelegationTokenRequest {
  /** bytes, v0+ */
  hmac: Buffer
  /** int64, v0+ */
  expiryTimePeriodMs: number
}
