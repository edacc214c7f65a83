export interface SaslHandshakeResponse {
  /** int16, v0+ */
  errorCode: number
  /** []string, v0+ */
  mechanisms: string[]
}
