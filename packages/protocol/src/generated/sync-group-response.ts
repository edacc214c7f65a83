export interface SyncGroupResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v5+ */
  protocolType: string | null
  /** string, v5+ */
  protocolName: string | null
  /** bytes, v0+ */
  assignment: Buffer
}
