export interface DeleteTopicsRequest {
  /** []DeleteTopicState, v6+ */
  topics: DeleteTopicsRequestDeleteTopicState[]
  /** []string, v0-5 */
  topicNames: string[]
  /** int32, v0+ */
  timeoutMs: number
}

export interface DeleteTopicsRequestDeleteTopicState {
  /** string, v6+ */
  name: string | null
  /** uuid, v6+ */
  topicId: string
}
