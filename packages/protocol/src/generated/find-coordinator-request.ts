export interface FindCoordinatorRequest {
  /** string, v0-3 */
  key: string
  /** int8, v1+ */
  keyType: number
  /** []string, v4+ */
  coordinatorKeys: string[]
}
