export interface GetTelemetrySubscriptionsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** uuid, v0+ */
  clientInstanceId: string
  /** int32, v0+ */
  subscriptionId: number
  /** []int8, v0+ */
  acceptedCompressionTypes: number[]
  /** int32, v0+ */
  pushIntervalMs: number
  /** int32, v0+ */
  telemetryMaxBytes: number
  /** bool, v0+ */
  deltaTemporality: boolean
  /** []string, v0+ */
  requestedMetrics: string[]
}
