export interface FindCoordinatorResponse {
  /** int32, v1+ */
  throttleTimeMs: number
  /** int16, v0-3 */
  errorCode: number
  /** string, v1-3 */
  errorMessage: string | null
  /** int32, v0-3 */
  nodeId: number
  /** string, v0-3 */
  host: string
  /** int32, v0-3 */
  port: number
  /** []Coordinator, v4+ */
  coordinators: FindCoordinatorResponseCoordinator[]
}

export interface FindCoordinatorResponseCoordinator {
  /** string, v4+ */
  key: string
  /** int32, v4+ */
  nodeId: number
  /** string, v4+ */
  host: string
  /** int32, v4+ */
  port: number
  /** int16, v4+ */
  errorCode: number
  /** string, v4+ */
  errorMessage: string | null
}
