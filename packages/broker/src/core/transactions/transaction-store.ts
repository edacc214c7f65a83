import type { Clock } from '@millrace/base'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import type { Transaction } from './transaction.ts'
import { transactionRecord, transactionTombstone, visitTransactions } from './transaction-records.ts'

/** Transactional ids in memory and in `__transaction_state`; the log goes first. */
export class TransactionStore {
  readonly #log: CoordinatorLog
  readonly #clock: Clock
  readonly #transactions = new Map<string, Transaction>()
  /** Offset of the last record of each transactional id. */
  readonly #offsets = new Map<string, number>()

  constructor(log: CoordinatorLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
    this.load()
  }

  /** Takes everything from the log anew. */
  load(): void {
    this.#transactions.clear()
    this.#offsets.clear()
    this.#log.replay((batch) => {
      visitTransactions(batch, (transactionalId, transaction) => {
        if (!transaction || transaction.state === 'Dead') this.#transactions.delete(transactionalId)
        else this.#transactions.set(transactionalId, transaction)
      })
    })
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#transactions.get(transactionalId)
  }

  all(): Iterable<Transaction> {
    return this.#transactions.values()
  }

  /** Throws when the log does; nothing has changed then. */
  put(transaction: Transaction): void {
    const offset = this.#log.append(transactionRecord(transaction, this.#clock.now()))
    this.#transactions.set(transaction.transactionalId, transaction)
    this.#offsets.set(transaction.transactionalId, offset)
  }

  remove(transactionalId: string): void {
    this.#log.append(transactionTombstone(transactionalId, this.#clock.now()))
    this.#transactions.delete(transactionalId)
    this.#offsets.delete(transactionalId)
  }

  /** Calls back once the last record of this transactional id is safe. */
  whenCommitted(transactionalId: string, done: (errorCode: number) => void): void {
    this.#log.whenCommitted(this.#offsets.get(transactionalId) ?? -1, done)
  }
}
