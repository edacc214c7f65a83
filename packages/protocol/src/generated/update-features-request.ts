export interface UpdateFeaturesRequest {
  /** int32, v0+ */
  timeoutMs: number
  /** []FeatureUpdateKey, v0+ */
  featureUpdates: UpdateFeaturesRequestFeatureUpdateKey[]
  /** bool, v1+ */
  validateOnly: boolean
}

export interface UpdateFeaturesRequestFeatureUpdateKey {
  /** string, v0+ */
  feature: string
  /** int16, v0+ */
  maxVersionLevel: number
  /** bool, v0 */
  allowDowngrade: boolean
  /** int8, v1+ */
  upgradeType: number
}
