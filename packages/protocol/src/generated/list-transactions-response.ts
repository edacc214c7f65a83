export interface ListTransactionsResponse {
  /** int32, v0+ */
  throttleTimeMs: number
  /** int16, v0+ */
  errorCode: number
  /** []string, v0+ */
  unknownStateFilters: string[]
  /** []TransactionState, v0+ */
  transactionStates: ListTransactionsResponseTransactionState[]
}

export interface ListTransactionsResponseTransactionState {
  /** string, v0+ */
  transactionalId: string
  /** int64, v0+ */
  producerId: number
  /** string, v0+ */
  transactionState: string
}
