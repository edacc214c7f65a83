export interface MetadataResponse {
  /** int32, v3+ */
  throttleTimeMs: number
  /** []MetadataResponseBroker, v0+ */
  brokers: MetadataResponseMetadataResponseBroker[]
  /** string, v2+ */
  clusterId: string | null
  /** int32, v1+ */
  controllerId: number
  /** []MetadataResponseTopic, v0+ */
  topics: MetadataResponseMetadataResponseTopic[]
  /** int32, v8-10 */
  clusterAuthorizedOperations: number
  /** int16, v13+ */
  errorCode: number
}

export interface MetadataResponseMetadataResponseBroker {
  /** int32, v0+ */
  nodeId: number
  /** string, v0+ */
  host: string
  /** int32, v0+ */
  port: number
  /** string, v1+ */
  rack: string | null
}

export interface MetadataResponseMetadataResponseTopic {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  name: string | null
  /** uuid, v10+ */
  topicId: string
  /** bool, v1+ */
  isInternal: boolean
  /** []MetadataResponsePartition, v0+ */
  partitions: MetadataResponseMetadataResponsePartition[]
  /** int32, v8+ */
  topicAuthorizedOperations: number
}

export interface MetadataResponseMetadataResponsePartition {
  /** int16, v0+ */
  errorCode: number
  /** int32, v0+ */
  partitionIndex: number
  /** int32, v0+ */
  leaderId: number
  /** int32, v7+ */
  leaderEpoch: number
  /** []int32, v0+ */
  replicaNodes: number[]
  /** []int32, v0+ */
  isrNodes: number[]
  /** []int32, v5+ */
  offlineReplicas: number[]
}
