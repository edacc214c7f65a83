export interface DescribeDelegationTokenRequest {
  /** []DescribeDelegationTokenOwner, v0+ */
  owners: DescribeDelegationTokenRequestDescribeDelegationTokenOwner[] | null
}

export interface DescribeDelegationTokenRequestDescribeDelegationTokenOwner {
  /** string, v0+ */
  principalType: string
  /** string, v0+ */
  principalName: string
}
