export interface ConsumerGroupTargetAssignmentMemberKey {
  /** string, v0 */
  groupId: string
  /** string, v0 */
  memberId: string
}
