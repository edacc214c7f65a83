export interface DeleteGroupsRequest {
  /** []string, v0+ */
  groupsNames: string[]
}
