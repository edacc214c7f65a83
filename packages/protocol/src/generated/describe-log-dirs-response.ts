export interface DescribeLogDirsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v3+ */
  errorCode: number
  /** []DescribeLogDirsResult, v0+ */
  results: DescribeLogDirsResponseDescribeLogDirsResult[]
}

export interface DescribeLogDirsResponseDescribeLogDirsResult {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  logDir: string
  /** []DescribeLogDirsTopic, v0+ */
  topics: DescribeLogDirsResponseDescribeLogDirsTopic[]
  /** int64, v4+ */
  totalBytes: number
  /** int64, v4+ */
  usableBytes: number
  /** bool, v5+ */
  isCordoned: boolean
}

export interface DescribeLogDirsResponseDescribeLogDirsTopic {
  /** string, v0+ */
  name: string
  /** []DescribeLogDirsPartition, v0+ */
  partitions: DescribeLogDirsResponseDescribeLogDirsPartition[]
}

export interface DescribeLogDirsResponseDescribeLogDirsPartition {
  /** int32, v0+ */
  partitionIndex: number
  /** int64, v0+ */
  partitionSize: number
  /** int64, v0+ */
  offsetLag: number
  /** bool, v0+ */
  isFutureKey: boolean
}
