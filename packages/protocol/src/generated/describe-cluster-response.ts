export interface DescribeClusterResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int8, v1+ */
  endpointType: number
  /** string, v0+ */
  clusterId: string
  /** int32, v0+ */
  controllerId: number
  /** []DescribeClusterBroker, v0+ */
  brokers: DescribeClusterResponseDescribeClusterBroker[]
  /** int32, v0+ */
  clusterAuthorizedOperations: number
}

export interface DescribeClusterResponseDescribeClusterBroker {
  /** int32, v0+ */
  brokerId: number
  /** string, v0+ */
  host: string
  /** int32, v0+ */
  port: number
  /** string, v0+ */
  rack: string | null
  /** bool, v2+ */
  isFenced: boolean
}
