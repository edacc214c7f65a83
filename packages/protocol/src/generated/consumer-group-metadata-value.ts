export interface ConsumerGroupMetadataValue {
  /** int32, v0+ */
  epoch: number
  /** int64, v0+, tag 0 */
  metadataHash: number
}
