export interface SaslAuthenticateResponse {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** bytes, v0+ */
  authBytes: Buffer
  /** int64, v1+ */
  sessionLifetimeMs: number
}
