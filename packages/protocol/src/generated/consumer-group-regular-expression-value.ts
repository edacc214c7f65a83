export interface ConsumerGroupRegularExpressionValue {
  /** []string, v0+ */
  topics: string[]
  /** int64, v0+ */
  version: number
  /** int64, v0+ */
  timestamp: number
}
