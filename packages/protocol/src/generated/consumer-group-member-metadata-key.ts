export interface ConsumerGroupMemberMetadataKey {
  /** string, v0 */
  groupId: string
  /** string, v0 */
  memberId: string
}
