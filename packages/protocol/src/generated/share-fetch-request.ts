export interface ShareFetchRequest {
  /** string, v0+ */
  groupId: string | null
  /** string, v0+ */
  memberId: string | null
  /** int32, v0+ */
  shareSessionEpoch: number
  /** int32, v0+ */
  maxWaitMs: number
  /** int32, v0+ */
  minBytes: number
  /** int32, v0+ */
  maxBytes: number
  /** int32, v1+ */
  maxRecords: number
  /** int32, v1+ */
  batchSize: number
  /** int8, v2+ */
  shareAcquireMode: number
  /** bool, v2+ */
  isRenewAck: boolean
  /** []FetchTopic, v0+ */
  topics: ShareFetchRequestFetchTopic[]
  /** []ForgottenTopic, v0+ */
  forgottenTopicsData: ShareFetchRequestForgottenTopic[]
}

export interface ShareFetchRequestFetchTopic {
  /** uuid, v0+ */
  topicId: string
  /** []FetchPartition, v0+ */
  partitions: ShareFetchRequestFetchPartition[]
}

export interface ShareFetchRequestFetchPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int32, v0 */
  partitionMaxBytes: number
  /** []AcknowledgementBatch, v0+ */
  acknowledgementBatches: ShareFetchRequestAcknowledgementBatch[]
}

export interface ShareFetchRequestAcknowledgementBatch {
  /** int64, v0+ */
  firstOffset: number
  /** int64, v0+ */
  lastOffset: number
  /** []int8, v0+ */
  acknowledgeTypes: number[]
}

export interface ShareFetchRequestForgottenTopic {
  /** uuid, v0+ */
  topicId: string
  /** []int32, v0+ */
  partitions: number[]
}
