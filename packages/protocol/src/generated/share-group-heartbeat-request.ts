export interface ShareGroupHeartbeatRequest {
  /** string, v0+ */
  groupId: string
  /** string, v0+ */
  memberId: string
  /** int32, v0+ */
  memberEpoch: number
  /** string, v0+ */
  rackId: string | null
  /** []string, v0+ */
  subscribedTopicNames: string[] | null
}
