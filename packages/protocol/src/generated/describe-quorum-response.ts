export interface DescribeQuorumResponse {
  /** int16, v0+ */
  errorCode: number
  /** string, v2+ */
  errorMessage: string | null
  /** []TopicData, v0+ */
  topics: DescribeQuorumResponseTopicData[]
  /** []Node, v2+ */
  nodes: DescribeQuorumResponseNode[]
}

export interface DescribeQuorumResponseTopicData {
  /** string, v0+ */
  topicName: string
  /** []PartitionData, v0+ */
  partitions: DescribeQuorumResponsePartitionData[]
}

export interface DescribeQuorumResponsePartitionData {
  /** int32, v0+ */
  partitionIndex: number
  /** int16, v0+ */
  errorCode: number
  /** string, v2+ */
  errorMessage: string | null
  /** int32, v0+ */
  leaderId: number
  /** int32, v0+ */
  leaderEpoch: number
  /** int64, v0+ */
  highWatermark: number
  /** []ReplicaState, v0+ */
  currentVoters: DescribeQuorumResponseReplicaState[]
  /** []ReplicaState, v0+ */
  observers: DescribeQuorumResponseReplicaState[]
}

export interface DescribeQuorumResponseReplicaState {
  /** int32, v0+ */
  replicaId: number
  /** uuid, v2+ */
  replicaDirectoryId: string
  /** int64, v0+ */
  logEndOffset: number
  /** int64, v1+ */
  lastFetchTimestamp: number
  /** int64, v1+ */
  lastCaughtUpTimestamp: number
}

export interface DescribeQuorumResponseNode {
  /** int32, v2+ */
  nodeId: number
  /** []Listener, v2+ */
  listeners: DescribeQuorumResponseListener[]
}

export interface DescribeQuorumResponseListener {
  /** string, v2+ */
  name: string
  /** string, v2+ */
  host: string
  /** uint16, v2+ */
  port: number
}
