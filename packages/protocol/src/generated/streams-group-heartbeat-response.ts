export interface StreamsGroupHeartbeatResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** string, v0+ */
  memberId: string
  /** int32, v0+ */
  memberEpoch: number
  /** int32, v0+ */
  heartbeatIntervalMs: number
  /** int32, v0+ */
  acceptableRecoveryLag: number
  /** int32, v0+ */
  taskOffsetIntervalMs: number
  /** []Status, v0+ */
  status: StreamsGroupHeartbeatResponseStatus[] | null
  /** []TaskIds, v0+ */
  activeTasks: StreamsGroupHeartbeatResponseTaskIds[] | null
  /** []TaskIds, v0+ */
  standbyTasks: StreamsGroupHeartbeatResponseTaskIds[] | null
  /** []TaskIds, v0+ */
  warmupTasks: StreamsGroupHeartbeatResponseTaskIds[] | null
  /** int32, v0+ */
  endpointInformationEpoch: number
  /** []EndpointToPartitions, v0+ */
  partitionsByUserEndpoint: StreamsGroupHeartbeatResponseEndpointToPartitions[] | null
}

export interface StreamsGroupHeartbeatResponseStatus {
  /** int8, v0+ */
  statusCode: number
  /** string, v0+ */
  statusDetail: string
}

export interface StreamsGroupHeartbeatResponseTaskIds {
  /** string, v0+ */
  subtopologyId: string
  /** []int32, v0+ */
  partitions: number[]
}

export interface StreamsGroupHeartbeatResponseEndpointToPartitions {
  /** Endpoint, v0+ */
  userEndpoint: StreamsGroupHeartbeatResponseEndpoint
  /** []TopicPartition, v0+ */
  activePartitions: StreamsGroupHeartbeatResponseTopicPartition[]
  /** []TopicPartition, v0+ */
  standbyPartitions: StreamsGroupHeartbeatResponseTopicPartition[]
}

export interface StreamsGroupHeartbeatResponseEndpoint {
  /** string, v0+ */
  host: string
  /** uint16, v0+ */
  port: number
}

export interface StreamsGroupHeartbeatResponseTopicPartition {
  /** string, v0+ */
  topic: string
  /** []int32, v0+ */
  partitions: number[]
}
