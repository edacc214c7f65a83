export interface JoinGroupRequest {
  /** string, v0+ */
  groupId: string
  /** int32, v0+ */
  sessionTimeoutMs: number
  /** int32, v1+ */
  rebalanceTimeoutMs: number
  /** string, v0+ */
  memberId: string
  /** string, v5+ */
  groupInstanceId: string | null
  /** string, v0+ */
  protocolType: string
  /** []JoinGroupRequestProtocol, v0+ */
  protocols: JoinGroupRequestJoinGroupRequestProtocol[]
  /** string, v8+ */
  reason: string | null
}

export interface JoinGroupRequestJoinGroupRequestProtocol {
  /** string, v0+ */
  name: string
  /** bytes, v0+ */
  metadata: Buffer
}
