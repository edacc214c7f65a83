export interface DeleteTopicsResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** []DeletableTopicResult, v0+ */
  responses: DeleteTopicsResponseDeletableTopicResult[]
}

export interface DeleteTopicsResponseDeletableTopicResult {
  /** string, v0+ */
  name: string | null
  /** uuid, v6+ */
  topicId: string
  /** int16, v0+ */
  errorCode: number
  /** string, v5+ */
  errorMessage: string | null
}
