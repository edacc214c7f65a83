export interface ApiVersionsRequest {
  /** string, v3+ */
  clientSoftwareName: string
  /** string, v3+ */
  clientSoftwareVersion: string
}
