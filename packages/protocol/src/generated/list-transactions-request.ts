export interface ListTransactionsRequest {
  /** []string, v0+ */
  stateFilters: string[]
  /** []int64, v0+ */
  producerIdFilters: number[]
  /** int64, v1+ */
  durationFilter: number
  /** string, v2+ */
  transactionalIdPattern: string | null
}
