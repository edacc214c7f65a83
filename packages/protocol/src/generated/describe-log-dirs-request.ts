export interface DescribeLogDirsRequest {
  /** []DescribableLogDirTopic, v0+ */
  topics: DescribeLogDirsRequestDescribableLogDirTopic[] | null
}

export interface DescribeLogDirsRequestDescribableLogDirTopic {
  /** string, v0+ */
  topic: string
  /** []int32, v0+ */
  partitions: number[]
}
