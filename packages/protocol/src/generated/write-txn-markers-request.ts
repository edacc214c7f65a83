export interface WriteTxnMarkersRequest {
  /** []WritableTxnMarker, v0+ */
  markers: WriteTxnMarkersRequestWritableTxnMarker[]
}

export interface WriteTxnMarkersRequestWritableTxnMarker {
  /** int64, v0+ */
  producerId: number
  /** int16, v0+ */
  producerEpoch: number
  /** bool, v0+ */
  transactionResult: boolean
  /** []WritableTxnMarkerTopic, v0+ */
  topics: WriteTxnMarkersRequestWritableTxnMarkerTopic[]
  /** int32, v0+ */
  coordinatorEpoch: number
  /** int8, v2+ */
  transactionVersion: number
}

export interface WriteTxnMarkersRequestWritableTxnMarkerTopic {
  /** string, v0+ */
  name: string
  /** []int32, v0+ */
  partitionIndexes: number[]
}
