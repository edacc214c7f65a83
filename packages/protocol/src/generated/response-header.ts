export interface ResponseHeader {
  /** int32, v0+ */
  correlationId: number
}
