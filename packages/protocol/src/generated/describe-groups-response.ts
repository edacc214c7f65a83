export interface DescribeGroupsResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** []DescribedGroup, v0+ */
  groups: DescribeGroupsResponseDescribedGroup[]
}

export interface DescribeGroupsResponseDescribedGroup {
  /** int16, v0+ */
  errorCode: number
  /** string, v6+ */
  errorMessage: string | null
  /** string, v0+ */
  groupId: string
  /** string, v0+ */
  groupState: string
  /** string, v0+ */
  protocolType: string
  /** string, v0+ */
  protocolData: string
  /** []DescribedGroupMember, v0+ */
  members: DescribeGroupsResponseDescribedGroupMember[]
  /** int32, v3+ */
  authorizedOperations: number
}

export interface DescribeGroupsResponseDescribedGroupMember {
  /** string, v0+ */
  memberId: string
  /** string, v4+ */
  groupInstanceId: string | null
  /** string, v0+ */
  clientId: string
  /** string, v0+ */
  clientHost: string
  /** bytes, v0+ */
  memberMetadata: Buffer
  /** bytes, v0+ */
  memberAssignment: Buffer
}
