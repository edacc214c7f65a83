export interface DescribeClientQuotasRequest {
  /** []ComponentData, v0+ */
  components: DescribeClientQuotasRequestComponentData[]
  /** bool, v0+ */
  strict: boolean
}

export interface DescribeClientQuotasRequestComponentData {
  /** string, v0+ */
  entityType: string
  /** int8, v0+ */
  matchType: number
  /** string, v0+ */
  match: string | null
}
