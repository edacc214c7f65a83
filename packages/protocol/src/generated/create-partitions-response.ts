export interface CreatePartitionsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []CreatePartitionsTopicResult, v0+ */
  results: CreatePartitionsResponseCreatePartitionsTopicResult[]
}

export interface CreatePartitionsResponseCreatePartitionsTopicResult {
  /** string, v0+ */
  name: string
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
