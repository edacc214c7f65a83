export interface ConsumerGroupTargetAssignmentMetadataValue {
  /** int32, v0+ */
  assignmentEpoch: number
  /** int64, v0+, tag 0 */
  assignmentTimestamp: number
}
