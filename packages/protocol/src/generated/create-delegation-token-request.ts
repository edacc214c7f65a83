export interface CreateDelegationTokenRequest {
  /** string, v3+ */
  ownerPrincipalType: string | null
  /** string, v3+ */
  ownerPrincipalName: string | null
  /** []CreatableRenewers, v0+ */
  renewers: CreateDelegationTokenRequestCreatableRenewers[]
  /** int64, v0+ */
  maxLifetimeMs: number
}

export interface CreateDelegationTokenRequestCreatableRenewers {
  /** string, v0+ */
  principalType: string
  /** string, v0+ */
  principalName: string
}
