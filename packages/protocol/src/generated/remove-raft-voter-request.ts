export interface RemoveRaftVoterRequest {
  /** string, v0+ */
  clusterId: string | null
  /** int32, v0+ */
  voterId: number
  /** uuid, v0+ */
  voterDirectoryId: string
}
