export interface DescribeConfigsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []DescribeConfigsResult, v0+ */
  results: DescribeConfigsResponseDescribeConfigsResult[]
}

export interface DescribeConfigsResponseDescribeConfigsResult {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** int8, v0+ */
  resourceType: number
  /** string, v0+ */
  resourceName: string
  /** []DescribeConfigsResourceResult, v0+ */
  configs: DescribeConfigsResponseDescribeConfigsResourceResult[]
}

export interface DescribeConfigsResponseDescribeConfigsResourceResult {
  /** string, v0+ */
  name: string
  /** string, v0+ */
  value: string | null
  /** bool, v0+ */
  readOnly: boolean
  /** int8, v1+ */
  configSource: number
  /** bool, v0+ */
  isSensitive: boolean
  /** []DescribeConfigsSynonym, v1+ */
  synonyms: DescribeConfigsResponseDescribeConfigsSynonym[]
  /** int8, v3+ */
  configType: number
  /** string, v3+ */
  documentation: string | null
}

export interface DescribeConfigsResponseDescribeConfigsSynonym {
  /** string, v1+ */
  name: string
  /** string, v1+ */
  value: string | null
  /** int8, v1+ */
  source: number
}
