export interface DescribeUserScramCredentialsRequest {
  /** []UserName, v0+ */
  users: DescribeUserScramCredentialsRequestUserName[] | null
}

export interface DescribeUserScramCredentialsRequestUserName {
  /** string, v0+ */
  name: string
}
