export interface HeartbeatRequest {
  /** string, v0+ */
  groupId: string
  /** int32, v0+ */
  generationId: number
  /** string, v0+ */
  memberId: string
  /** string, v3+ */
  groupInstanceId: string | null
}
