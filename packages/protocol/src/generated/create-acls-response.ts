export interface CreateAclsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []AclCreationResult, v0+ */
  results: CreateAclsResponseAclCreationResult[]
}

export interface CreateAclsResponseAclCreationResult {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
