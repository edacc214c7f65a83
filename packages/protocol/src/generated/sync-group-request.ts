export interface SyncGroupRequest {
  /** string, v0+ */
  groupId: string
  /** int32, v0+ */
  generationId: number
  /** string, v0+ */
  memberId: string
  /** string, v3+ */
  groupInstanceId: string | null
  /** string, v5+ */
  protocolType: string | null
  /** string, v5+ */
  protocolName: string | null
  /** []SyncGroupRequestAssignment, v0+ */
  assignments: SyncGroupRequestSyncGroupRequestAssignment[]
}

export interface SyncGroupRequestSyncGroupRequestAssignment {
  /** string, v0+ */
  memberId: string
  /** bytes, v0+ */
  assignment: Buffer
}
