export interface DescribeUserScramCredentialsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []DescribeUserScramCredentialsResult, v0+ */
  results: DescribeUserScramCredentialsResponseDescribeUserScramCredentialsResult[]
}

export interface DescribeUserScramCredentialsResponseDescribeUserScramCredentialsResult {
  /** string, v0+ */
  user: string
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []CredentialInfo, v0+ */
  credentialInfos: DescribeUserScramCredentialsResponseCredentialInfo[]
}

export interface DescribeUserScramCredentialsResponseCredentialInfo {
  /** int8, v0+ */
  mechanism: number
  /** int32, v0+ */
  iterations: number
}
