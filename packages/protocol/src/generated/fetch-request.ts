export interface FetchRequest {
  /** string, v12+, tag 0 */
  clusterId: string | null
  /** int32, v0-14 */
  replicaId: number
  /** ReplicaState, v15+, tag 1 */
  replicaState: FetchRequestReplicaState
  /** int32, v0+ */
  maxWaitMs: number
  /** int32, v0+ */
  minBytes: number
  /** int32, v3+ */
  maxBytes: number
  /** int8, v4+ */
  isolationLevel: number
  /** int32, v7+ */
  sessionId: number
  /** int32, v7+ */
  sessionEpoch: number
  /** []FetchTopic, v0+ */
  topics: FetchRequestFetchTopic[]
  /** []ForgottenTopic, v7+ */
  forgottenTopicsData: FetchRequestForgottenTopic[]
  /** string, v11+ */
  rackId: string
}

export interface FetchRequestReplicaState {
  /** int32, v15+ */
  replicaId: number
  /** int64, v15+ */
  replicaEpoch: number
}

export interface FetchRequestFetchTopic {
  /** string, v0-12 */
  topic: string
  /** uuid, v13+ */
  topicId: string
  /** []FetchPartition, v0+ */
  partitions: FetchRequestFetchPartition[]
}

export interface FetchRequestFetchPartition {
  /** int32, v0+ */
  partition: number
  /** int32, v9+ */
  currentLeaderEpoch: number
  /** int64, v0+ */
  fetchOffset: number
  /** int32, v12+ */
  lastFetchedEpoch: number
  /** int64, v5+ */
  logStartOffset: number
  /** int32, v0+ */
  partitionMaxBytes: number
  /** uuid, v17+, tag 0 */
  replicaDirectoryId: string
  /** int64, v18+, tag 1 */
  highWatermark: number
}

export interface FetchRequestForgottenTopic {
  /** string, v7-12 */
  topic: string
  /** uuid, v13+ */
  topicId: string
  /** []int32, v7+ */
  partitions: number[]
}
