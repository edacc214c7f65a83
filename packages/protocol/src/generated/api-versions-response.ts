export interface ApiVersionsResponse {
  /** int16, v0+ */
  errorCode: number
  /** []ApiVersion, v0+ */
  apiKeys: ApiVersionsResponseApiVersion[]
  /** int32, v1+ */
  throttleTimeMs: number
  /** []SupportedFeatureKey, v3+, tag 0 */
  supportedFeatures: ApiVersionsResponseSupportedFeatureKey[]
  /** int64, v3+, tag 1 */
  finalizedFeaturesEpoch: number
  /** []FinalizedFeatureKey, v3+, tag 2 */
  finalizedFeatures: ApiVersionsResponseFinalizedFeatureKey[]
  /** bool, v3+, tag 3 */
  zkMigrationReady: boolean
}

export interface ApiVersionsResponseApiVersion {
  /** int16, v0+ */
  apiKey: number
  /** int16, v0+ */
  minVersion: number
  /** int16, v0+ */
  maxVersion: number
}

export interface ApiVersionsResponseSupportedFeatureKey {
  /** string, v3+ */
  name: string
  /** int16, v3+ */
  minVersion: number
  /** int16, v3+ */
  maxVersion: number
}

export interface ApiVersionsResponseFinalizedFeatureKey {
  /** string, v3+ */
  name: string
  /** int16, v3+ */
  maxVersionLevel: number
  /** int16, v3+ */
  minVersionLevel: number
}
