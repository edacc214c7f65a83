export interface ShareFetchResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int32, v1+ */
  acquisitionLockTimeoutMs: number
  /** []ShareFetchableTopicResponse, v0+ */
  responses: ShareFetchResponseShareFetchableTopicResponse[]
  /** []NodeEndpoint, v0+ */
  nodeEndpoints: ShareFetchResponseNodeEndpoint[]
}

export interface ShareFetchResponseShareFetchableTopicResponse {
  /** uuid, v0+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: ShareFetchResponsePartitionData[]
}

export interface ShareFetchResponsePartitionData {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int16, v0+ */
  acknowledgeErrorCode: number
  /** string, v0+ */
  acknowledgeErrorMessage: string | null
  /** LeaderIdAndEpoch, v0+ */
  currentLeader: ShareFetchResponseLeaderIdAndEpoch
  /** records, v0+ */
  records: Buffer | null
  /** []AcquiredRecords, v0+ */
  acquiredRecords: ShareFetchResponseAcquiredRecords[]
}

export interface ShareFetchResponseLeaderIdAndEpoch {
  /** int32, v0+ */
  leaderId: number
  /** int32, v0+ */
  leaderEpoch: number
}

export interface ShareFetchResponseAcquiredRecords {
  /** int64, v0+ */
  firstOffset: number
  /** int64, v0+ */
  lastOffset: number
  /** int16, v0+ */
  deliveryCount: number
}

export interface ShareFetchResponseNodeEndpoint {
  /** int32, v0+ */
  nodeId: number
  /** string, v0+ */
  host: string
  /** int32, v0+ */
  port: number
  /** string, v0+ */
  rack: string | null
}
