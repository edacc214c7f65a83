export interface DescribeShareGroupOffsetsRequest {
  /** []DescribeShareGroupOffsetsRequestGroup, v0+ */
  groups: DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestGroup[]
}

export interface DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestGroup {
  /** string, v0+ */
  groupId: string
  /** []DescribeShareGroupOffsetsRequestTopic, v0+ */
  topics: DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestTopic[] | null
}

export interface DescribeShareGroupOffsetsRequestDescribeShareGroupOffsetsRequestTopic {
  /** string, v0+ */
  topicName: string
  /** []int32, v0+ */
  partitions: number[]
}
