export interface DescribeConfigsRequest {
  /** []DescribeConfigsResource, v0+ */
  resources: DescribeConfigsRequestDescribeConfigsResource[]
  /** bool, v1+ */
  includeSynonyms: boolean
  /** bool, v3+ */
  includeDocumentation: boolean
}

export interface DescribeConfigsRequestDescribeConfigsResource {
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** []string, v0+ */
  configurationKeys: string[] | null
}
