export interface ConsumerGroupTargetAssignmentMetadataKey {
  /** string, v0 */
  groupId: string
}
