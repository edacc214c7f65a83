export interface HeartbeatResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
}
