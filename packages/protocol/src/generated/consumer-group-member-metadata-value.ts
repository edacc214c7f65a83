export interface ConsumerGroupMemberMetadataValue {
  /** string, v0+ */
  instanceId: string | null
  /** string, v0+ */
  rackId: string | null
  /** string, v0+ */
  clientId: string
  /** string, v0+ */
  clientHost: string
  /** []string, v0+ */
  subscribedTopicNames: string[]
  /** string, v0+ */
  subscribedTopicRegex: string | null
  /** int32, v0+ */
  rebalanceTimeoutMs: number
  /** string, v0+ */
  serverAssignor: string | null
  /** ClassicMemberMetadata, v0+, tag 0 */
  classicMemberMetadata: ConsumerGroupMemberMetadataValueClassicMemberMetadata | null
}

export interface ConsumerGroupMemberMetadataValueClassicMemberMetadata {
  /** int32, v0+ */
  sessionTimeoutMs: number
  /** []ClassicProtocol, v0+ */
  supportedProtocols: ConsumerGroupMemberMetadataValueClassicProtocol[]
}

export interface ConsumerGroupMemberMetadataValueClassicProtocol {
  /** string, v0+ */
  name: string
  /** bytes, v0+ */
  metadata: Buffer
}
