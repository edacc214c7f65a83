export interface TransactionLogKey {
  /** string, v0 */
  transactionalId: string
}
