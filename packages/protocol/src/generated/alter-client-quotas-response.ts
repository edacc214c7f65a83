export interface AlterClientQuotasResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** []EntryData, v0+ */
  entries: AlterClientQuotasResponseEntryData[]
}

export interface AlterClientQuotasResponseEntryData {
  /** int16, v0+ */
  errorCode: number
  /** string, v0+ */
  errorMessage: string | null
  /** []EntityData, v0+ */
  entity: AlterClientQuotasResponseEntityData[]
}

export interface AlterClientQuotasResponseEntityData {
  /** string, v0+ */
  entityType: string
  /** string, v0+ */
  entityName: string | null
}
