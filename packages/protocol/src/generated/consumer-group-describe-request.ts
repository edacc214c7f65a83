export interface ConsumerGroupDescribeRequest {
  /** []string, v0+ */
  groupIds: string[]
  /** bool, v0+ */
  includeAuthorizedOperations: boolean
}
