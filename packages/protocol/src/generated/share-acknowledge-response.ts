export interface ShareAcknowledgeResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int32, v2+ */
  acquisitionLockTimeoutMs: number
  /** []ShareAcknowledgeTopicResponse, v0+ */
  responses: ShareAcknowledgeResponseShareAcknowledgeTopicResponse[]
  /** []NodeEndpoint, v0+ */
  nodeEndpoints: ShareAcknowledgeResponseNodeEndpoint[]
}

export interface ShareAcknowledgeResponseShareAcknowledgeTopicResponse {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: ShareAcknowledgeResponsePartitionData[]
}

export interface ShareAcknowledgeResponsePartitionData {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** LeaderIdAndEpoch, v0+ */
  currentLeader: ShareAcknowledgeResponseLeaderIdAndEpoch
}

export interface ShareAcknowledgeResponseLeaderIdAndEpoch {
  /** int32, v0+ */
  leaderId: number
  /** int32, v0+ */
  leaderEpoch: number
}

export interface ShareAcknowledgeResponseNodeEndpoint {
  /** int32, v0+ */
  nodeId: number
  /** string, v0+ */
  host: string
  /** int32, v0+ */
  port: number
  /** string, v0+ */
  rack: string | null
}
