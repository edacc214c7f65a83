export interface UpdateFeaturesResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []UpdatableFeatureResult, v0-1 */
  results: UpdateFeaturesResponseUpdatableFeatureResult[]
}

export interface UpdateFeaturesResponseUpdatableFeatureResult {
  /** string, v0+ */
  feature: string
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
}
