export interface GetTelemetrySubscriptionsRequest {
  /** uuid, v0+ */
  clientInstanceId: string
}
