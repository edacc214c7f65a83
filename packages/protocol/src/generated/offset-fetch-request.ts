export interface OffsetFetchRequest {
  /** string, v0-7 */
  groupId: string
  /** []OffsetFetchRequestTopic, v0-7 */
  topics: OffsetFetchRequestOffsetFetchRequestTopic[] | null
  /** []OffsetFetchRequestGroup, v8+ */
  groups: OffsetFetchRequestOffsetFetchRequestGroup[]
  /** bool, v7+ */
  requireStable: boolean
}

export interface OffsetFetchRequestOffsetFetchRequestTopic {
  /** string, v0-7 */
  name: string
  /** []int32, v0-7 */
  partitionIndexes: number[]
}

export interface OffsetFetchRequestOffsetFetchRequestGroup {
  /** string, v8+ */
  groupId: string
  /** string, v9+ */
  memberId: string | null
  /** int32, v9+ */
  memberEpoch: number
  /** []OffsetFetchRequestTopics, v8+ */
  topics: OffsetFetchRequestOffsetFetchRequestTopics[] | null
}

export interface OffsetFetchRequestOffsetFetchRequestTopics {
  /** string, v8-9 */
  name: string
  /** uuid, v10+ */
  topicId: string
  /** []int32, v8+ */
  partitionIndexes: number[]
}
