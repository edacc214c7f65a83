import type { Clock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import { whenStored } from '../coordinators/storage-failure.ts'
import { type MarkerEnvironment, writeMarkers } from './markers.ts'
import type { Transaction } from './transaction.ts'
import { complete } from './transaction-rules.ts'
import type { TransactionStore } from './transaction-store.ts'

/** Pause before a log that refused the completion of a transaction is tried again. */
export const completionRetryMs = 500

/**
 * Takes transactions from their decision to their end. The order is what recovery rests on: decision in the log, safe;
 * markers in all partitions, safe; completion in the log.
 */
export class TransactionEndings {
  readonly #clock: Clock
  readonly #store: TransactionStore
  readonly #environment: MarkerEnvironment
  /** Who waits for the end, by transactional id. */
  readonly #waiting = new Map<string, ((errorCode: number) => void)[]>()
  /** What cancels the retries of those whose markers are on their way. */
  readonly #underWay = new Map<string, () => void>()

  constructor(clock: Clock, store: TransactionStore, environment: MarkerEnvironment) {
    this.#clock = clock
    this.#store = store
    this.#environment = environment
  }

  /**
   * Logs a transaction in PrepareCommit or PrepareAbort and ends it. `done` is called when all markers are safe, with an
   * error when the decision itself did not last. Throws when the log refuses the decision; nothing has changed then.
   */
  decide(transaction: Transaction, done: (errorCode: number) => void): void {
    const { transactionalId } = transaction
    this.#store.put(transaction)
    this.#waiting.set(transactionalId, [...(this.#waiting.get(transactionalId) ?? []), done])
    this.#store.whenCommitted(transactionalId, (errorCode) => {
      if (errorCode === ErrorCode.NONE) this.#writeMarkers(transaction, false)
      else this.#ended(transactionalId, errorCode)
    })
  }

  /** Goes on with a decision that is in the log already; some of its markers may be there too. */
  resume(transaction: Transaction): void {
    if (!this.#underWay.has(transaction.transactionalId)) this.#writeMarkers(transaction, true)
  }

  close(): void {
    for (const cancel of this.#underWay.values()) cancel()
    this.#underWay.clear()
  }

  #writeMarkers(transaction: Transaction, resumed: boolean): void {
    const { transactionalId } = transaction
    this.#underWay.set(transactionalId, () => {})
    const cancel = writeMarkers(this.#environment, transaction, resumed, () => this.#complete(transaction))
    if (this.#underWay.has(transactionalId)) this.#underWay.set(transactionalId, cancel)
  }

  #complete(transaction: Transaction): void {
    const { transactionalId } = transaction
    whenStored(
      () => {
        this.#store.put(complete(transaction, this.#clock.now()))
        this.#underWay.delete(transactionalId)
        this.#ended(transactionalId, ErrorCode.NONE)
      },
      () => {
        const cancel = this.#clock.after(completionRetryMs, () => this.#complete(transaction))
        this.#underWay.set(transactionalId, cancel)
      },
    )
  }

  #ended(transactionalId: string, errorCode: number): void {
    const waiting = this.#waiting.get(transactionalId) ?? []
    this.#waiting.delete(transactionalId)
    for (const done of waiting) done(errorCode)
  }
}
