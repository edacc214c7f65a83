export interface OffsetCommitValue {
  /** int64, v0+ */
  offset: number
  /** int32, v3+ */
  leaderEpoch: number
  /** string, v0+ */
  metadata: string
  /** int64, v0+ */
  commitTimestamp: number
  /** int64, v1 */
  expireTimestamp: number
  /** uuid, v4+, tag 0 */
  topicId: string
}
