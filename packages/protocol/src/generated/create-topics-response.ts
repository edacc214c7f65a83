export interface CreateTopicsResponse {
  /** int32, v2+ */
  throttleTimeMs: number
  /** []CreatableTopicResult, v0+ */
  topics: CreateTopicsResponseCreatableTopicResult[]
}

export interface CreateTopicsResponseCreatableTopicResult {
  /** string, v0+ */
  name: string
  /** uuid, v7+ */
  topicId: string
  /** int16, v0+ */
  errorCode: number
  /** string, v1+ */
  errorMessage: string | null
  /** int16, v5+, tag 0 */
  topicConfigErrorCode: number
  /** int32, v5+ */
  numPartitions: number
  /** int16, v5+ */
  replicationFactor: number
  /** []CreatableTopicConfigs, v5+ */
  configs: CreateTopicsResponseCreatableTopicConfigs[] | null
}

export interface CreateTopicsResponseCreatableTopicConfigs {
  /** string, v5+ */
  name: string
  /** string, v5+ */
  value: string | null
  /** bool, v5+ */
  readOnly: boolean
  /** int8, v5+ */
  configSource: number
  /** bool, v5+ */
  isSensitive: boolean
}
