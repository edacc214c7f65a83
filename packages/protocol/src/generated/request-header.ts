export interface RequestHeader {
  /** int16, v0+ */
  requestApiKey: number
  /** int16, v0+ */
  requestApiVersion: number
  /** int32, v0+ */
  correlationId: number
  /** string, v1+ */
  clientId: string | null
}
