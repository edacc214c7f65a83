export interface LeaveGroupRequest {
  /** string, v0+ */
  groupId: string
  /** string, v0-2 */
  memberId: string
  /** []MemberIdentity, v3+ */
  members: LeaveGroupRequestMemberIdentity[]
}

export interface LeaveGroupRequestMemberIdentity {
  /** string, v3+ */
  memberId: string
  /** string, v3+ */
  groupInstanceId: string | null
  /** string, v5+ */
  reason: string | null
}
