export interface AlterPartitionReassignmentsRequest {
  /** int32, v0+ */
  timeoutMs: number
  /** bool, v1+ */
  allowReplicationFactorChange: boolean
  /** []ReassignableTopic, v0+ */
  topics: AlterPartitionReassignmentsRequestReassignableTopic[]
}

export interface AlterPartitionReassignmentsRequestReassignableTopic {
  /** string, v0+ */
  name: string
  /** []ReassignablePartition, v0+ */
  partitions: AlterPartitionReassignmentsRequestReassignablePartition[]
}

export interface AlterPartitionReassignmentsRequestReassignablePartition {
  /** int32, v0+ */
  partitionIndex: number
  /** []int32, v0+ */
  replicas: number[] | null
}
