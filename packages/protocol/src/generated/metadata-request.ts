export interface MetadataRequest {
  /** []MetadataRequestTopic, v0+ */
  topics: MetadataRequestMetadataRequestTopic[] | null
  /** bool, v4+ */
  allowAutoTopicCreation: boolean
  /** bool, v8-10 */
  includeClusterAuthorizedOperations: boolean
  /** bool, v8+ */
  includeTopicAuthorizedOperations: boolean
}

export interface MetadataRequestMetadataRequestTopic {
  /** uuid, v10+ */
  topicId: string
  /** string, v0+ */
  name: string | null
}
