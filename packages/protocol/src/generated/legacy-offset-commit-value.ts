export interface LegacyOffsetCommitValue {
  /** int64, v0 */
  offset: number
  /** string, v0 */
  metadata: string
  /** int64, v0 */
  commitTimestamp: number
}
