export interface JoinGroupResponse {
  /** int32, v2+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** int32, v0+ */
  generationId: number
  /** string, v7+ */
  protocolType: string | null
  /** string, v0+ */
  protocolName: string | null
  /** string, v0+ */
  leader: string
  /** bool, v9+ */
  skipAssignment: boolean
  /** string, v0+ */
  memberId: string
  /** []JoinGroupResponseMember, v0+ */
  members: JoinGroupResponseJoinGroupResponseMember[]
}

export interface JoinGroupResponseJoinGroupResponseMember {
  /** string, v0+ */
  memberId: string
  /** string, v5+ */
  groupInstanceId: string | null
  /** bytes, v0+ */
  metadata: Buffer
}
