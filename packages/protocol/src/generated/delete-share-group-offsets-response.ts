export interface DeleteShareGroupOffsetsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []DeleteShareGroupOffsetsResponseTopic, v0+ */
  responses: DeleteShareGroupOffsetsResponseDeleteShareGroupOffsetsResponseTopic[]
}

export interface DeleteShareGroupOffsetsResponseDeleteShareGroupOffsetsResponseTopic {
  /** string, v0+ */
  topicName: string
  /** uuid, v0+ */
  topicId: string
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
