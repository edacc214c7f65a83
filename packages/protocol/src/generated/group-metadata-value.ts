export interface GroupMetadataValue {
  /** string, v0+ */
  protocolType: string
  /** int32, v0+ */
  generation: number
  /** string, v0+ */
  protocol: string | null
  /** string, v0+ */
  leader: string | null
  /** int64, v2+ */
  currentStateTimestamp: number
  /** []MemberMetadata, v0+ */
  members: GroupMetadataValueMemberMetadata[]
}

export interface GroupMetadataValueMemberMetadata {
  /** string, v0+ */
  memberId: string
  /** string, v3+ */
  groupInstanceId: string | null
  /** string, v0+ */
  clientId: string
  /** string, v0+ */
  clientHost: string
  /** int32, v1+ */
  rebalanceTimeout: number
  /** int32, v0+ */
  sessionTimeout: number
  /** bytes, v0+ */
  subscription: Buffer
  /** bytes, v0+ */
  assignment: Buffer
}
