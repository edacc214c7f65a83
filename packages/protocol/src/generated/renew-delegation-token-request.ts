export interface RenewDelegationTokenRequest {
  /** bytes, v0+ */
  hmac: Buffer
  /** int64, v0+ */
  renewPeriodMs: number
}
