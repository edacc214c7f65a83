export interface CreatePartitionsRequest {
  /** []CreatePartitionsTopic, v0+ */
  topics: CreatePartitionsRequestCreatePartitionsTopic[]
  /** int32, v0+ */
  timeoutMs: number
  /** bool, v0+ */
  validateOnly: boolean
}

export interface CreatePartitionsRequestCreatePartitionsTopic {
  /** string, v0+ */
  name: string
  /** int32, v0+ */
  count: number
  /** []CreatePartitionsAssignment, v0+ */
  assignments: CreatePartitionsRequestCreatePartitionsAssignment[] | null
}

export interface CreatePartitionsRequestCreatePartitionsAssignment {
  /** []int32, v0+ */
  brokerIds: number[]
}
