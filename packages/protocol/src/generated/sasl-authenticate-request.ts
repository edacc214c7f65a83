export interface SaslAuthenticateRequest {
  /** bytes, v0+ */
  authBytes: Buffer
}
