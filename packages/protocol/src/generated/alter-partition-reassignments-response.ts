export interface AlterPartitionReassignmentsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** bool, v1+ */
  allowReplicationFactorChange: boolean
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []ReassignableTopicResponse, v0+ */
  responses: AlterPartitionReassignmentsResponseReassignableTopicResponse[]
}

export interface AlterPartitionReassignmentsResponseReassignableTopicResponse {
  /** string, v0+ */
  name: string
  /** []ReassignablePartitionResponse, v0+ */
  partitions: AlterPartitionReassignmentsResponseReassignablePartitionResponse[]
}

export interface AlterPartitionReassignmentsResponseReassignablePartitionResponse {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
