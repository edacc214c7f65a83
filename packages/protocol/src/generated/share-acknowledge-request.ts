export interface ShareAcknowledgeRequest {
  /** string, v0+ */
  groupId: string | null
  /** string, v0+ */
  memberId: string | null
  /** int32, v0+ */
  shareSessionEpoch: number
  /** bool, v2+ */
  isRenewAck: boolean
  /** []AcknowledgeTopic, v0+ */
  topics: ShareAcknowledgeRequestAcknowledgeTopic[]
}

export interface ShareAcknowledgeRequestAcknowledgeTopic {
  /** uuid, v0+ */
  topicId: string
  /** []AcknowledgePartition, v0+ */
  partitions: ShareAcknowledgeRequestAcknowledgePartition[]
}

export interface ShareAcknowledgeRequestAcknowledgePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** []AcknowledgementBatch, v0+ */
  acknowledgementBatches: ShareAcknowledgeRequestAcknowledgementBatch[]
}

export interface ShareAcknowledgeRequestAcknowledgementBatch {
  /** int64, v0+ */
  firstOffset: number
  /** int64, v0+ */
  lastOffset: number
  /** []int8, v0+ */
  acknowledgeTypes: number[]
}
