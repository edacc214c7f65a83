export interface ListGroupsResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** []ListedGroup, v0+ */
  groups: ListGroupsResponseListedGroup[]
}

export interface ListGroupsResponseListedGroup {
  /** string, v0+ */
  groupId: string
  /** string, v0+ */
  protocolType: string
  /** string, v4+ */
  groupState: string
  /** string, v5+ */
  groupType: string
}
