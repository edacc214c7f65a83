export interface AlterClientQuotasRequest {
  /** []EntryData, v0+ */
  entries: AlterClientQuotasRequestEntryData[]
  /** bool, v0+ */
  validateOnly: boolean
}

export interface AlterClientQuotasRequestEntryData {
  /** []EntityData, v0+ */
  entity: AlterClientQuotasRequestEntityData[]
  /** []OpData, v0+ */
  ops: AlterClientQuotasRequestOpData[]
}

export interface AlterClientQuotasRequestEntityData {
  /** string, v0+ */
  entityType: string
  /** string, v0+ */
  entityName: string | null
}

export interface AlterClientQuotasRequestOpData {
  /** string, v0+ */
  key: string
  /** float64, v0+ */
  value: number
  /** bool, v0+ */
  remove: boolean
}
