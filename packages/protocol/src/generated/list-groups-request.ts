export interface ListGroupsRequest {
  /** []string, v4+ */
  statesFilter: string[]
  /** []string, v5+ */
  typesFilter: string[]
}
