export interface DescribeTransactionsRequest {
  /** []string, v0+ */
  transactionalIds: string[]
}
