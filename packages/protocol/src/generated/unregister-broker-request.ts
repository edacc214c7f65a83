export interface UnregisterBrokerRequest {
  /** int32, v0+ */
  brokerId: number
}
