export interface ConsumerGroupCurrentMemberAssignmentKey {
  /** string, v0 */
  groupId: string
  /** string, v0 */
  memberId: string
}
