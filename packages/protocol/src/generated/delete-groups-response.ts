export interface DeleteGroupsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DeletableGroupResult, v0+ */
  results: DeleteGroupsResponseDeletableGroupResult[]
}

export interface DeleteGroupsResponseDeletableGroupResult {
  /** string, v0+ */
  groupId: string
  /** int16, v0+ */
  errorCode: number
}
