export interface ProduceRequest {
  /** string, v3+ */
  transactionalId: string | null
  /** int16, v0+ */
  acks: number
  /** int32, v0+ */
  timeoutMs: number
  /** []TopicProduceData, v0+ */
  topicData: ProduceRequestTopicProduceData[]
}

export interface ProduceRequestTopicProduceData {
  /** string, v0-12 */
  name: string
  /** uuid, v13+ */
  topicId: string
  /** []PartitionProduceData, v0+ */
  partitionData: ProduceRequestPartitionProduceData[]
}

export interface ProduceRequestPartitionProduceData {
  /** int32, v0+ */
  index: number
  /** records, v0+ */
  records: Buffer | null
}
