export interface LegacyOffsetCommitKey {
  /** string, v0 */
  group: string
  /** string, v0 */
  topic: string
  /** int32, v0 */
  partition: number
}
