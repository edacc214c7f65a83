export interface StreamsGroupDescribeResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DescribedGroup, v0+ */
  groups: StreamsGroupDescribeResponseDescribedGroup[]
}

export interface StreamsGroupDescribeResponseDescribedGroup {
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
  /** Topology, v0+ */
  topology: StreamsGroupDescribeResponseTopology | null
  /** []Member, v0+ */
  members: StreamsGroupDescribeResponseMember[]
  /** int32, v0+ */
  authorizedOperations: number
}

export interface StreamsGroupDescribeResponseTopology {
  /** int32, v0+ */
  epoch: number
  /** []Subtopology, v0+ */
  subtopologies: StreamsGroupDescribeResponseSubtopology[] | null
}

export interface StreamsGroupDescribeResponseSubtopology {
  /** string, v0+ */
  subtopologyId: string
  /** []string, v0+ */
  sourceTopics: string[]
  /** []string, v0+ */
  repartitionSinkTopics: string[]
  /** []TopicInfo, v0+ */
  stateChangelogTopics: StreamsGroupDescribeResponseTopicInfo[]
  /** []TopicInfo, v0+ */
  repartitionSourceTopics: StreamsGroupDescribeResponseTopicInfo[]
}

export interface StreamsGroupDescribeResponseTopicInfo {
  /** string, v0+ */
  name: string
  /** int32, v0+ */
  partitions: number
  /** int16, v0+ */
  replicationFactor: number
  /** []KeyValue, v0+ */
  topicConfigs: StreamsGroupDescribeResponseKeyValue[]
}

export interface StreamsGroupDescribeResponseKeyValue {
  /** string, v0+ */
  key: string
  /** string, v0+ */
  value: string
}

export interface StreamsGroupDescribeResponseMember {
  /** string, v0+ */
  memberId: string
  /** int32, v0+ */
  memberEpoch: number
  /** string, v0+ */
  instanceId: string | null
  /** string, v0+ */
  rackId: string | null
  /** string, v0+ */
  clientId: string
  /** string, v0+ */
  clientHost: string
  /** int32, v0+ */
  topologyEpoch: number
  /** string, v0+ */
  processId: string
  /** Endpoint, v0+ */
  userEndpoint: StreamsGroupDescribeResponseEndpoint | null
  /** []KeyValue, v0+ */
  clientTags: StreamsGroupDescribeResponseKeyValue[]
  /** []TaskOffset, v0+ */
  taskOffsets: StreamsGroupDescribeResponseTaskOffset[]
  /** []TaskOffset, v0+ */
  taskEndOffsets: StreamsGroupDescribeResponseTaskOffset[]
  /** Assignment, v0+ */
  assignment: StreamsGroupDescribeResponseAssignment
  /** Assignment, v0+ */
  targetAssignment: StreamsGroupDescribeResponseAssignment
  /** bool, v0+ */
  isClassic: boolean
}

export interface StreamsGroupDescribeResponseEndpoint {
  /** string, v0+ */
  host: string
  /** uint16, v0+ */
  port: number
}

export interface StreamsGroupDescribeResponseTaskOffset {
  /** string, v0+ */
  subtopologyId: string
  /** int32, v0+ */
  partition: number
  /** int64, v0+ */
  offset: number
}

export interface StreamsGroupDescribeResponseAssignment {
  /** []TaskIds, v0+ */
  activeTasks: StreamsGroupDescribeResponseTaskIds[]
  /** []TaskIds, v0+ */
  standbyTasks: StreamsGroupDescribeResponseTaskIds[]
  /** []TaskIds, v0+ */
  warmupTasks: StreamsGroupDescribeResponseTaskIds[]
}

export interface StreamsGroupDescribeResponseTaskIds {
  /** string, v0+ */
  subtopologyId: string
  /** []int32, v0+ */
  partitions: number[]
}
