export interface ElectLeadersResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v1+ */
  errorCode: number
  /** []ReplicaElectionResult, v0+ */
  replicaElectionResults: ElectLeadersResponseReplicaElectionResult[]
}

export interface ElectLeadersResponseReplicaElectionResult {
  /** string, v0+ */
  topic: string
  /** []PartitionResult, v0+ */
  partitionResult: ElectLeadersResponsePartitionResult[]
}

export interface ElectLeadersResponsePartitionResult {
  /** int32, v0+ */
  partitionId: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
