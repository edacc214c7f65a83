export interface ConsumerGroupDescribeResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DescribedGroup, v0+ */
  groups: ConsumerGroupDescribeResponseDescribedGroup[]
}

export interface ConsumerGroupDescribeResponseDescribedGroup {
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
  members: ConsumerGroupDescribeResponseMember[]
  /** int32, v0+ */
  authorizedOperations: number
}

export interface ConsumerGroupDescribeResponseMember {
  /** string, v0+ */
  memberId: string
  /** string, v0+ */
  instanceId: string | null
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
  /** string, v0+ */
  subscribedTopicRegex: string | null
  /** Assignment, v0+ */
  assignment: ConsumerGroupDescribeResponseAssignment
  /** Assignment, v0+ */
  targetAssignment: ConsumerGroupDescribeResponseAssignment
  /** int8, v1+ */
  memberType: number
}

export interface ConsumerGroupDescribeResponseAssignment {
  /** []TopicPartitions, v0+ */
  topicPartitions: ConsumerGroupDescribeResponseTopicPartitions[]
}

export interface ConsumerGroupDescribeResponseTopicPartitions {
  /** uuid, v0+ */
  topicId: string
  /** string, v0+ */
  topicName: string
  /** []int32, v0+ */
  partitions: number[]
}
