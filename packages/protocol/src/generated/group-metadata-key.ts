export interface GroupMetadataKey {
  /** string, v0 */
  group: string
}
