export interface ListConfigResourcesResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** []ConfigResource, v0+ */
  configResources: ListConfigResourcesResponseConfigResource[]
}

export interface ListConfigResourcesResponseConfigResource {
  /** string, v0+ */
  resourceName: string
  /** int8, v1+ */
  resourceType: number
}
