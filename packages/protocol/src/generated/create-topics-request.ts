export interface CreateTopicsRequest {
  /** []CreatableTopic, v0+ */
  topics: CreateTopicsRequestCreatableTopic[]
  /** int32, v0+ */
  timeoutMs: number
  /** bool, v1+ */
  validateOnly: boolean
}

export interface CreateTopicsRequestCreatableTopic {
  /** string, v0+ */
  name: string
  /** int32, v0+ */
  numPartitions: number
  /** int16, v0+ */
  replicationFactor: number
  /** []CreatableReplicaAssignment, v0+ */
  assignments: CreateTopicsRequestCreatableReplicaAssignment[]
  /** []CreatableTopicConfig, v0+ */
  configs: CreateTopicsRequestCreatableTopicConfig[]
}

export interface CreateTopicsRequestCreatableReplicaAssignment {
  /** int32, v0+ */
  partitionIndex: number
  /** []int32, v0+ */
  brokerIds: number[]
}

export interface CreateTopicsRequestCreatableTopicConfig {
  /** string, v0+ */
  name: string
  /** string, v0+ */
  value: string | null
}
