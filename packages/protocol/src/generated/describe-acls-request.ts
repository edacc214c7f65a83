export interface DescribeAclsRequest {
  /** int8, v0+ */
  resourceTypeFilter: number
  /** string, v0+ */
  resourceNameFilter: string | null
  /** int8, v1+ */
  patternTypeFilter: number
  /** string, v0+ */
  principalFilter: string | null
  /** string, v0+ */
  hostFilter: string | null
  /** int8, v0+ */
  operation: number
  /** int8, v0+ */
  permissionType: number
}
