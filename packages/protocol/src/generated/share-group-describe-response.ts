export interface ShareGroupDescribeResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DescribedGroup, v0+ */
  groups: ShareGroupDescribeResponseDescribedGroup[]
}

export interface ShareGroupDescribeResponseDescribedGroup {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** string, v0+ */
  groupId: string
  /** string, v0+ */
  groupState: string
  /** int32, v0+ */
  groupEpoch: number
  /** int32, v0+ */
  assignmentEpoch: number
  /** string, v0+ */
  assignorName: string
  /** []Member, v0+ */
  members: ShareGroupDescribeResponseMember[]
  /** int32, v0+ */
  authorizedOperations: number
}

export interface ShareGroupDescribeResponseMember {
  /** string, v0+ */
  memberId: string
  /** string, v0+ */
  rackId: string | null
  /** int32, v0+ */
  memberEpoch: number
  /** string, v0+ */
  clientId: string
  /** string, v0+ */
  clientHost: string
  /** []string, v0+ */
  subscribedTopicNames: string[]
  /** Assignment, v0+ */
  assignment: ShareGroupDescribeResponseAssignment
}

export interface ShareGroupDescribeResponseAssignment {
  /** []TopicPartitions, v0+ */
  topicPartitions: ShareGroupDescribeResponseTopicPartitions[]
}

export interface ShareGroupDescribeResponseTopicPartitions {
  /** uuid, v0+ */
  topicId: string
  /** string, v0+ */
  topicName: string
  /** []int32, v0+ */
  partitions: number[]
}
