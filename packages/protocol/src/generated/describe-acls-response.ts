export interface DescribeAclsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []DescribeAclsResource, v0+ */
  resources: DescribeAclsResponseDescribeAclsResource[]
}

export interface DescribeAclsResponseDescribeAclsResource {
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** int8, v1+ */
  patternType: number
  /** []AclDescription, v0+ */
  acls: DescribeAclsResponseAclDescription[]
}

export interface DescribeAclsResponseAclDescription {
  /** string, v0+ */
  principal: string
  /** string, v0+ */
  host: string
  /** int8, v0+ */
  operation: number
  /** int8, v0+ */
  permissionType: number
}
