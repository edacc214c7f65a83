export interface ProduceResponse {
  /** []TopicProduceResponse, v0+ */
  responses: ProduceResponseTopicProduceResponse[]
  /** int32, v1+ */
  throttleTimeMs: number
  /** []NodeEndpoint, v10+, tag 0 */
  nodeEndpoints: ProduceResponseNodeEndpoint[]
}

export interface ProduceResponseTopicProduceResponse {
  /** string, v0-12 */
  name: string
  /** uuid, v13+ */
  topicId: string
  /** []PartitionProduceResponse, v0+ */
  partitionResponses: ProduceResponsePartitionProduceResponse[]
}

export interface ProduceResponsePartitionProduceResponse {
  /** int32, v0+ */
  index: number
  /** int16, v0+ */
  errorCode: number
  /** int64, v0+ */
  baseOffset: number
  /** int64, v2+ */
  logAppendTimeMs: number
  /** int64, v5+ */
  logStartOffset: number
  /** []BatchIndexAndErrorMessage, v8+ */
  recordErrors: ProduceResponseBatchIndexAndErrorMessage[]
  /** string, v8+ */
  errorMessage: string | null
  /** LeaderIdAndEpoch, v10+, tag 0 */
  currentLeader: ProduceResponseLeaderIdAndEpoch
}

export interface ProduceResponseBatchIndexAndErrorMessage {
  /** int32, v8+ */
  batchIndex: number
  /** string, v8+ */
  batchIndexErrorMessage: string | null
}

export interface ProduceResponseLeaderIdAndEpoch {
  /** int32, v10+ */
  leaderId: number
  /** int32, v10+ */
  leaderEpoch: number
}

export interface ProduceResponseNodeEndpoint {
  /** int32, v10+ */
  nodeId: number
  /** string, v10+ */
  host: string
  /** int32, v10+ */
  port: number
  /** string, v10+ */
  rack: string | null
}
