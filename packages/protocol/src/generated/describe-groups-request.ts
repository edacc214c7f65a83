export interface DescribeGroupsRequest {
  /** []string, v0+ */
  groups: string[]
  /** bool, v3+ */
  includeAuthorizedOperations: boolean
}
