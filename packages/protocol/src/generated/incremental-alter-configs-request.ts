export interface IncrementalAlterConfigsRequest {
  /** []AlterConfigsResource, v0+ */
  resources: IncrementalAlterConfigsRequestAlterConfigsResource[]
  /** bool, v0+ */
  validateOnly: boolean
}

export interface IncrementalAlterConfigsRequestAlterConfigsResource {
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** []AlterableConfig, v0+ */
  configs: IncrementalAlterConfigsRequestAlterableConfig[]
}

export interface IncrementalAlterConfigsRequestAlterableConfig {
  /** string, v0+ */
  name: string
  /** int8, v0+ */
  configOperation: number
  /** string, v0+ */
  value: string | null
}
