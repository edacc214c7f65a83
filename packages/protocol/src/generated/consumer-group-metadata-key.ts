export interface ConsumerGroupMetadataKey {
  /** string, v0 */
  groupId: string
}
