export interface AlterReplicaLogDirsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []AlterReplicaLogDirTopicResult, v0+ */
  results: AlterReplicaLogDirsResponseAlterReplicaLogDirTopicResult[]
}

export interface AlterReplicaLogDirsResponseAlterReplicaLogDirTopicResult {
  /** string, v0+ */
  topicName: string
  /** []AlterReplicaLogDirPartitionResult, v0+ */
  partitions: AlterReplicaLogDirsResponseAlterReplicaLogDirPartitionResult[]
}

export interface AlterReplicaLogDirsResponseAlterReplicaLogDirPartitionResult {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
}
