export interface WriteTxnMarkersResponse {
  /** []WritableTxnMarkerResult, v0+ */
  markers: WriteTxnMarkersResponseWritableTxnMarkerResult[]
}

export interface WriteTxnMarkersResponseWritableTxnMarkerResult {
  /** int64, v0+ */
  producerId: number
  /** []WritableTxnMarkerTopicResult, v0+ */
  topics: WriteTxnMarkersResponseWritableTxnMarkerTopicResult[]
}

export interface WriteTxnMarkersResponseWritableTxnMarkerTopicResult {
  /** string, v0+ */
  name: string
  /** []WritableTxnMarkerPartitionResult, v0+ */
  partitions: WriteTxnMarkersResponseWritableTxnMarkerPartitionResult[]
}

export interface WriteTxnMarkersResponseWritableTxnMarkerPartitionResult {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
}
