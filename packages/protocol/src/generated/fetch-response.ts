export interface FetchResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** int16, v7+ */
  errorCode: number
  /** int32, v7+ */
  sessionId: number
  /** []FetchableTopicResponse, v0+ */
  responses: FetchResponseFetchableTopicResponse[]
  /** []NodeEndpoint, v16+, tag 0 */
  nodeEndpoints: FetchResponseNodeEndpoint[]
}

export interface FetchResponseFetchableTopicResponse {
  /** string, v0-12 */
  topic: string
  /** uuid, v13+ */
  topicId: string
  /** []PartitionData, v0+ */
  partitions: FetchResponsePartitionData[]
}

export interface FetchResponsePartitionData {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** int64, v0+ */
  highWatermark: number
  /** int64, v4+ */
  lastStableOffset: number
  /** int64, v5+ */
  logStartOffset: number
  /** EpochEndOffset, v12+, tag 0 */
  divergingEpoch: FetchResponseEpochEndOffset
  /** LeaderIdAndEpoch, v12+, tag 1 */
  currentLeader: FetchResponseLeaderIdAndEpoch
  /** SnapshotId, v12+, tag 2 */
  snapshotId: FetchResponseSnapshotId
  /** []AbortedTransaction, v4+ */
  abortedTransactions: FetchResponseAbortedTransaction[] | null
  /** int32, v11+ */
  preferredReadReplica: number
  /** records, v0+ */
  records: Buffer | null
}

export interface FetchResponseEpochEndOffset {
  /** int32, v12+ */
  epoch: number
  /** int64, v12+ */
  endOffset: number
}

export interface FetchResponseLeaderIdAndEpoch {
  /** int32, v12+ */
  leaderId: number
  /** int32, v12+ */
  leaderEpoch: number
}

export interface FetchResponseSnapshotId {
  /** int64, v0+ */
  endOffset: number
  /** int32, v0+ */
  epoch: number
}

export interface FetchResponseAbortedTransaction {
  /** int64, v4+ */
  producerId: number
  /** int64, v4+ */
  firstOffset: number
}

export interface FetchResponseNodeEndpoint {
  /** int32, v16+ */
  nodeId: number
  /** string, v16+ */
  host: string
  /** int32, v16+ */
  port: number
  /** string, v16+ */
  rack: string | null
}
