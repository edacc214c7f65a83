export interface DescribeDelegationTokenResponse {
  /** int16, v0+ */
  errorCode: number
  /** []DescribedDelegationToken, v0+ */
  tokens: DescribeDelegationTokenResponseDescribedDelegationToken[]
  /** int32, v0+ */
  throttleTimeMs: number
}

export interface DescribeDelegationTokenResponseDescribedDelegationToken {
  /** string, v0+ */
  principalType: string
  /** string, v0+ */
  principalName: string
  /** string, v3+ */
  tokenRequesterPrincipalType: string
  /** string, v3+ */
  tokenRequesterPrincipalName: string
  /** int64, v0+ */
  issueTimestamp: number
  /** int64, v0+ */
  expiryTimestamp: number
  /** int64, v0+ */
  maxTimestamp: number
  /** string, v0+ */
  tokenId: string
  /** bytes, v0+ */
  hmac: Buffer
  /** []DescribedDelegationTokenRenewer, v0+ */
  renewers: DescribeDelegationTokenResponseDescribedDelegationTokenRenewer[]
}

export interface DescribeDelegationTokenResponseDescribedDelegationTokenRenewer {
  /** string, v0+ */
  principalType: string
  /** string, v0+ */
  principalName: string
}
