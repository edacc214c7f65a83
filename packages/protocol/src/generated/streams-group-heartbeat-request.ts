export interface StreamsGroupHeartbeatRequest {
  /** string, v0+ */
  groupId: string
  /** string, v0+ */
  memberId: string
  /** int32, v0+ */
  memberEpoch: number
  /** int32, v0+ */
  endpointInformationEpoch: number
  /** string, v0+ */
  instanceId: string | null
  /** string, v0+ */
  rackId: string | null
  /** int32, v0+ */
  rebalanceTimeoutMs: number
  /** Topology, v0+ */
  topology: StreamsGroupHeartbeatRequestTopology | null
  /** []TaskIds, v0+ */
  activeTasks: StreamsGroupHeartbeatRequestTaskIds[] | null
  /** []TaskIds, v0+ */
  standbyTasks: StreamsGroupHeartbeatRequestTaskIds[] | null
  /** []TaskIds, v0+ */
  warmupTasks: StreamsGroupHeartbeatRequestTaskIds[] | null
  /** string, v0+ */
  processId: string | null
  /** Endpoint, v0+ */
  userEndpoint: StreamsGroupHeartbeatRequestEndpoint | null
  /** []KeyValue, v0+ */
  clientTags: StreamsGroupHeartbeatRequestKeyValue[] | null
  /** []TaskOffset, v0+ */
  taskOffsets: StreamsGroupHeartbeatRequestTaskOffset[] | null
  /** []TaskOffset, v0+ */
  taskEndOffsets: StreamsGroupHeartbeatRequestTaskOffset[] | null
  /** bool, v0+ */
  shutdownApplication: boolean
}

export interface StreamsGroupHeartbeatRequestTopology {
  /** int32, v0+ */
  epoch: number
  /** []Subtopology, v0+ */
  subtopologies: StreamsGroupHeartbeatRequestSubtopology[]
}

export interface StreamsGroupHeartbeatRequestSubtopology {
  /** string, v0+ */
  subtopologyId: string
  /** []string, v0+ */
  sourceTopics: string[]
  /** []string, v0+ */
  sourceTopicRegex: string[]
  /** []TopicInfo, v0+ */
  stateChangelogTopics: StreamsGroupHeartbeatRequestTopicInfo[]
  /** []string, v0+ */
  repartitionSinkTopics: string[]
  /** []TopicInfo, v0+ */
  repartitionSourceTopics: StreamsGroupHeartbeatRequestTopicInfo[]
  /** []CopartitionGroup, v0+ */
  copartitionGroups: StreamsGroupHeartbeatRequestCopartitionGroup[]
}

export interface StreamsGroupHeartbeatRequestTopicInfo {
  /** string, v0+ */
  name: string
  /** int32, v0+ */
  partitions: number
  /** int16, v0+ */
  replicationFactor: number
  /** []KeyValue, v0+ */
  topicConfigs: StreamsGroupHeartbeatRequestKeyValue[]
}

export interface StreamsGroupHeartbeatRequestKeyValue {
  /** string, v0+ */
  key: string
  /** string, v0+ */
  value: string
}

export interface StreamsGroupHeartbeatRequestCopartitionGroup {
  /** []int16, v0+ */
  sourceTopics: number[]
  /** []int16, v0+ */
  sourceTopicRegex: number[]
  /** []int16, v0+ */
  repartitionSourceTopics: number[]
}

export interface StreamsGroupHeartbeatRequestTaskIds {
  /** string, v0+ */
  subtopologyId: string
  /** []int32, v0+ */
  partitions: number[]
}

export interface StreamsGroupHeartbeatRequestEndpoint {
  /** string, v0+ */
  host: string
  /** uint16, v0+ */
  port: number
}

export interface StreamsGroupHeartbeatRequestTaskOffset {
  /** string, v0+ */
  subtopologyId: string
  /** int32, v0+ */
  partition: number
  /** int64, v0+ */
  offset: number
}
