import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import type { Transaction } from './transaction.ts'
import { transactionRecord } from './transaction-records.ts'
import { newTransaction } from './transaction-rules.ts'

/** Ids taken from the log at a time; those of a block that are unused at a stop are never given. */
export const producerIdBlockSize = 1000

/**
 * The reserved transactional id under which the end of the last block is kept, in the format of any other, so that
 * Kafka's tools read the log. No client may use it.
 */
export const producerIdsKey = '__millrace_producer_ids'

/**
 * Gives each producer an id that no other ever had: two idempotent producers with the same id would have each other's
 * batches dropped as repetitions.
 */
export class ProducerIds {
  readonly #log: CoordinatorLog
  #next = 0
  #blockEnd = 0
  #reservationOffset = -1

  constructor(log: CoordinatorLog) {
    this.#log = log
  }

  /** Offset of the record that an id handed out rests on; -1 before the first. */
  get reservationOffset(): number {
    return this.#reservationOffset
  }

  /** Throws when the log does. */
  allocate(nowMs: number): number {
    if (this.#next >= this.#blockEnd) {
      const blockEnd = this.#next + producerIdBlockSize
      const reservation = { ...newTransaction(producerIdsKey, blockEnd), updatedMs: nowMs }
      this.#reservationOffset = this.#log.append(transactionRecord(reservation, nowMs))
      this.#blockEnd = blockEnd
    }
    return this.#next++
  }

  /** For each record of the log at the start: the ids in it are taken. */
  seen(transaction: Transaction): void {
    const last =
      transaction.transactionalId === producerIdsKey
        ? transaction.producerId - 1
        : Math.max(transaction.producerId, transaction.nextProducerId)
    this.#next = Math.max(this.#next, last + 1)
    this.#blockEnd = Math.max(this.#blockEnd, this.#next)
  }
}
