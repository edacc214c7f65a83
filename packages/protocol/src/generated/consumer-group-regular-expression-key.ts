export interface ConsumerGroupRegularExpressionKey {
  /** string, v0 */
  groupId: string
  /** string, v0 */
  regularExpression: string
}
