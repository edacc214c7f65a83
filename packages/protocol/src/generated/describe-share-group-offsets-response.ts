export interface DescribeShareGroupOffsetsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DescribeShareGroupOffsetsResponseGroup, v0+ */
  groups: DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseGroup[]
}

export interface DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseGroup {
  /** string, v0+ */
  groupId: string
  /** []DescribeShareGroupOffsetsResponseTopic, v0+ */
  topics: DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseTopic[]
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}

export interface DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponseTopic {
  /** string, v0+ */
  topicName: string
  /** uuid, v0+ */
  topicId: string
  /** []DescribeShareGroupOffsetsResponsePartition, v0+ */
  partitions: DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponsePartition[]
}

export interface DescribeShareGroupOffsetsResponseDescribeShareGroupOffsetsResponsePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  startOffset: number
  /** int32, v0+ */
  leaderEpoch: number
  /** int64, v1+ */
  lag: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
