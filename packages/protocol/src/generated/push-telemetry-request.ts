export interface PushTelemetryRequest {
  /** uuid, v0+ */
  clientInstanceId: string
  /** int32, v0+ */
  subscriptionId: number
  /** bool, v0+ */
  terminating: boolean
  /** int8, v0+ */
  compressionType: number
  /** bytes, v0+ */
  metrics: Buffer
}
