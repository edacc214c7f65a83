export interface AlterUserScramCredentialsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []AlterUserScramCredentialsResult, v0+ */
  results: AlterUserScramCredentialsResponseAlterUserScramCredentialsResult[]
}

export interface AlterUserScramCredentialsResponseAlterUserScramCredentialsResult {
  /** string, v0+ */
  user: string
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
