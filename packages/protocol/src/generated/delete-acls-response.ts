export interface DeleteAclsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DeleteAclsFilterResult, v0+ */
  filterResults: DeleteAclsResponseDeleteAclsFilterResult[]
}

export interface DeleteAclsResponseDeleteAclsFilterResult {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []DeleteAclsMatchingAcl, v0+ */
  matchingAcls: DeleteAclsResponseDeleteAclsMatchingAcl[]
}

export interface DeleteAclsResponseDeleteAclsMatchingAcl {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** int8, v1+ */
  patternType: number
  /** string, v0+ */
  principal: string
  /** string, v0+ */
  host: string
  /** int8, v0+ */
  operation: number
  /** int8, v0+ */
  permissionType: number
}
