export interface DeleteShareGroupOffsetsRequest {
  /** string, v0+ */
  groupId: string
  /** []DeleteShareGroupOffsetsRequestTopic, v0+ */
  topics: DeleteShareGroupOffsetsRequestDeleteShareGroupOffsetsRequestTopic[]
}

export interface DeleteShareGroupOffsetsRequestDeleteShareGroupOffsetsRequestTopic {
  /** string, v0+ */
  topicName: string
}
