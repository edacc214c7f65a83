export interface EndTxnMarker {
  /** int32, v0+ */
  coordinatorEpoch: number
}
