export interface DeleteRecordsRequest {
  /** []DeleteRecordsTopic, v0+ */
  topics: DeleteRecordsRequestDeleteRecordsTopic[]
  /** int32, v0+ */
  timeoutMs: number
}

export interface DeleteRecordsRequestDeleteRecordsTopic {
  /** string, v0+ */
  name: string
  /** []DeleteRecordsPartition, v0+ */
  partitions: DeleteRecordsRequestDeleteRecordsPartition[]
}

export interface DeleteRecordsRequestDeleteRecordsPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  offset: number
}
