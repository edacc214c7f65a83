export interface AlterConfigsRequest {
  /** []AlterConfigsResource, v0+ */
  resources: AlterConfigsRequestAlterConfigsResource[]
  /** bool, v0+ */
  validateOnly: boolean
}

export interface AlterConfigsRequestAlterConfigsResource {
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** []AlterableConfig, v0+ */
  configs: AlterConfigsRequestAlterableConfig[]
}

export interface AlterConfigsRequestAlterableConfig {
  /** string, v0+ */
  name: string
  /** string, v0+ */
  value: string | null
}
