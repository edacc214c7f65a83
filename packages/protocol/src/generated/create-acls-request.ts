export interface CreateAclsRequest {
  /** []AclCreation, v0+ */
  creations: CreateAclsRequestAclCreation[]
}

export interface CreateAclsRequestAclCreation {
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** int8, v1+ */
  resourcePatternType: number
  /** string, v0+ */
  principal: string
  /** string, v0+ */
  host: string
  /** int8, v0+ */
  operation: number
  /** int8, v0+ */
  permissionType: number
}
