export interface DescribeClusterRequest {
  /** bool, v0+ */
  includeClusterAuthorizedOperations: boolean
  /** int8, v1+ */
  endpointType: number
  /** bool, v2+ */
  includeFencedBrokers: boolean
}
