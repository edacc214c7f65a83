export interface OffsetFetchResponse {
  /** int32, v3+ */
  throttleTimeMs: number
  /** []OffsetFetchResponseTopic, v0-7 */
  topics: OffsetFetchResponseOffsetFetchResponseTopic[]
  /** int16, v2-7 */
  errorCode: number
  /** []OffsetFetchResponseGroup, v8+ */
  groups: OffsetFetchResponseOffsetFetchResponseGroup[]
}

export interface OffsetFetchResponseOffsetFetchResponseTopic {
  /** string, v0-7 */
  name: string
  /** []OffsetFetchResponsePartition, v0-7 */
  partitions: OffsetFetchResponseOffsetFetchResponsePartition[]
}

export interface OffsetFetchResponseOffsetFetchResponsePartition {
  /** int32, v0-7 */
  partitionIndex: number
  /** int64, v0-7 */
  committedOffset: number
  /** int32, v5-7 */
  committedLeaderEpoch: number
  /** string, v0-7 */
  metadata: string | null
  /** int16, v0-7 */
  errorCode: number
}

export interface OffsetFetchResponseOffsetFetchResponseGroup {
  /** string, v8+ */
  groupId: string
  /** []OffsetFetchResponseTopics, v8+ */
  topics: OffsetFetchResponseOffsetFetchResponseTopics[]
  /** int16, v8+ */
  errorCode: number
}

export interface OffsetFetchResponseOffsetFetchResponseTopics {
  /** string, v8-9 */
  name: string
  /** uuid, v10+ */
  topicId: string
  /** []OffsetFetchResponsePartitions, v8+ */
  partitions: OffsetFetchResponseOffsetFetchResponsePartitions[]
}

export interface OffsetFetchResponseOffsetFetchResponsePartitions {
  /** int32, v8+ */
  partitionIndex: number
  /** int64, v8+ */
  committedOffset: number
  /** int32, v8+ */
  committedLeaderEpoch: number
  /** string, v8+ */
  metadata: string | null
  /** int16, v8+ */
  errorCode: number
}
