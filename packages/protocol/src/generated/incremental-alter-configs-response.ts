export interface IncrementalAlterConfigsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []AlterConfigsResourceResponse, v0+ */
  responses: IncrementalAlterConfigsResponseAlterConfigsResourceResponse[]
}

export interface IncrementalAlterConfigsResponseAlterConfigsResourceResponse {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
}
