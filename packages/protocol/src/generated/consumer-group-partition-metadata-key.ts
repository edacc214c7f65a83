export interface ConsumerGroupPartitionMetadataKey {
  /** string, v0 */
  groupId: string
}
