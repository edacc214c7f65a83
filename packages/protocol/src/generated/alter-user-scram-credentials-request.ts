export interface AlterUserScramCredentialsRequest {
  /** []ScramCredentialDeletion, v0+ */
  deletions: AlterUserScramCredentialsRequestScramCredentialDeletion[]
  /** []ScramCredentialUpsertion, v0+ */
  upsertions: AlterUserScramCredentialsRequestScramCredentialUpsertion[]
}

export interface AlterUserScramCredentialsRequestScramCredentialDeletion {
  /** string, v0+ */
  name: string
  /** int8, v0+ */
  mechanism: number
}

export interface AlterUserScramCredentialsRequestScramCredentialUpsertion {
  /** string, v0+ */
  name: string
  /** int8, v0+ */
  mechanism: number
  /** int32, v0+ */
  iterations: number
  /** bytes, v0+ */
  salt: Buffer
  /** bytes, v0+ */
  saltedPassword: Buffer
}
