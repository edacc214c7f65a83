export interface ListConfigResourcesRequest {
  /** []int8, v1+ */
  resourceTypes: number[]
}
