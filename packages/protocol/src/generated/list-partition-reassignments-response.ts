export interface ListPartitionReassignmentsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []OngoingTopicReassignment, v0+ */
  topics: ListPartitionReassignmentsResponseOngoingTopicReassignment[]
}

export interface ListPartitionReassignmentsResponseOngoingTopicReassignment {
  /** string, v0+ */
  name: string
  /** []OngoingPartitionReassignment, v0+ */
  partitions: ListPartitionReassignmentsResponseOngoingPartitionReassignment[]
}

export interface ListPartitionReassignmentsResponseOngoingPartitionReassignment {
  /** int32, v0+ */
  partitionIndex: number
  /** []int32, v0+ */
  replicas: number[]
  /** []int32, v0+ */
  addingReplicas: number[]
  /** []int32, v0+ */
  removingReplicas: number[]
}
