export interface ListPartitionReassignmentsRequest {
  /** int32, v0+ */
  timeoutMs: number
  /** []ListPartitionReassignmentsTopics, v0+ */
  topics: ListPartitionReassignmentsRequestListPartitionReassignmentsTopics[] | null
}

export interface ListPartitionReassignmentsRequestListPartitionReassignmentsTopics {
  /** string, v0+ */
  name: string
  /** []int32, v0+ */
  partitionIndexes: number[]
}
