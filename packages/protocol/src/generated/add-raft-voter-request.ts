export interface AddRaftVoterRequest {
  /** string, v0+ */
  clusterId: string | null
  /** int32, v0+ */
  timeoutMs: number
  /** int32, v0+ */
  voterId: number
  /** uuid, v0+ */
  voterDirectoryId: string
  /** []Listener, v0+ */
  listeners: AddRaftVoterRequestListener[]
  /** bool, v1+ */
  ackWhenCommitted: boolean
}

export interface AddRaftVoterRequestListener {
  /** string, v0+ */
  name: string
  /** string, v0+ */
  host: string
  /** uint16, v0+ */
  port: number
}
