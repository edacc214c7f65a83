export interface DescribeClientQuotasResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []EntryData, v0+ */
  entries: DescribeClientQuotasResponseEntryData[] | null
}

export interface DescribeClientQuotasResponseEntryData {
  /** []EntityData, v0+ */
  entity: DescribeClientQuotasResponseEntityData[]
  /** []ValueData, v0+ */
  values: DescribeClientQuotasResponseValueData[]
}

export interface DescribeClientQuotasResponseEntityData {
  /** string, v0+ */
  entityType: string
  /** string, v0+ */
  entityName: string | null
}

export interface DescribeClientQuotasResponseValueData {
  /** string, v0+ */
  key: string
  /** float64, v0+ */
  value: number
}
