export interface SaslHandshakeRequest {
  /** string, v0+ */
  mechanism: string
}
