export interface CreateDelegationTokenResponse {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  principalType: string
  /** string, v0+ */
  principalName: string
  /** string, v3+ */
  tokenRequesterPrincipalType: string
  /** string, v3+ */
  tokenRequesterPrincipalName: string
  /** int64, v0+ */
  issueTimestampMs: number
  /** int64, v0+ */
  expiryTimestampMs: number
  /** int64, v0+ */
  maxTimestampMs: number
  /** string, v0+ */
  tokenId: string
  /** bytes, v0+ */
  hmac: Buffer
  /** int32, v0+ */
  throttleTimeMs: number
}
