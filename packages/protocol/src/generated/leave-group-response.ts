export interface LeaveGroupResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** []MemberResponse, v3+ */
  members: LeaveGroupResponseMemberResponse[]
}

export interface LeaveGroupResponseMemberResponse {
  /** string, v3+ */
  memberId: string
  /** string, v3+ */
  groupInstanceId: string | null
  /** int16, v3+ */
  errorCode: number
}
