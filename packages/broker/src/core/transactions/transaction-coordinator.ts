import type { Clock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import { isStored, whenStored } from '../coordinators/storage-failure.ts'
import { TransactionEndings } from './endings.ts'
import type { MarkerEnvironment } from './markers.ts'
import { type ProducerIdSource, ProducerIds } from './producer-ids.ts'
import { isEpochExhausted, type TopicPartition, type Transaction } from './transaction.ts'
import {
  type Decision,
  decideAdd,
  decideEnd,
  decideInit,
  fence,
  newTransaction,
  type ProducerIdAndEpoch,
  verifyPartition,
} from './transaction-rules.ts'
import { transactionTable } from './transaction-state.ts'
import { TransactionStore } from './transaction-store.ts'

export interface InitProducerId {
  readonly transactionalId: string | null
  readonly timeoutMs: number
  readonly expected: ProducerIdAndEpoch | undefined
}

export interface ProducerIdResult extends ProducerIdAndEpoch {
  readonly errorCode: number
}

export interface ProducerOf extends ProducerIdAndEpoch {
  readonly transactionalId: string
}

/** How often transactional ids are looked through for ones nobody uses any more. */
export const expirationCheckMs = 3_600_000

/** Pause before the abort of a timed out transaction is tried again, when the log refused it. */
export const timeoutRetryMs = 1_000

const failed = (errorCode: number): ProducerIdResult => ({ errorCode, producerId: -1, producerEpoch: -1 })

/**
 * Coordinator of all transactions. Callbacks may be called before the method that takes them returns.
 *
 * Invariants:
 * 1. The outcome of a transaction (PrepareCommit, PrepareAbort) is safe in the log before its first marker is written,
 *    and every marker is safe before the completion is: a crash at any point leaves something to resume, never to guess.
 * 2. Every partition of a transaction gets exactly one marker; after a restart only those that have none yet do.
 * 3. A partition takes a producer's first batch of a transaction only after the partition is in the safe record of it.
 */
export class TransactionCoordinator {
  readonly #clock: Clock
  readonly #config: BrokerConfig
  readonly #store: TransactionStore
  readonly #producerIds: ProducerIds
  readonly #timers = new Map<string, () => void>()
  readonly #endings: TransactionEndings
  #cancelExpiration: () => void = () => {}
  #closed = false

  /** Reads the log; `start` then finishes what a stop interrupted. */
  constructor(options: {
    readonly clock: Clock
    readonly config: BrokerConfig
    readonly log: CoordinatorLog
    readonly producerIds: ProducerIdSource
    readonly environment: MarkerEnvironment
  }) {
    this.#clock = options.clock
    this.#config = options.config
    this.#store = new TransactionStore(options.log, options.clock)
    this.#producerIds = new ProducerIds(options.producerIds)
    this.#endings = new TransactionEndings(options.clock, this.#store, options.environment)
  }

  /** Call once, when all partitions and groups are loaded. */
  start(): void {
    this.#goOn()
    this.#scheduleExpiration()
  }

  #goOn(): void {
    for (const transaction of [...this.#store.all()]) {
      if (transactionTable[transaction.state].markersWritten !== 'never') this.#endings.resume(transaction)
      else this.#watchTimeout(transaction)
    }
  }

  /** The device lost records that were in the log: what is left of it holds, as after a restart. */
  #reload(): void {
    if (this.#closed) return
    this.#cancelTimers()
    this.#store.load()
    this.#goOn()
  }

  close(): void {
    this.#closed = true
    this.#cancelTimers()
    this.#endings.close()
    this.#cancelExpiration()
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
  }

  get(transactionalId: string): Transaction | undefined {
    return this.#store.get(transactionalId)
  }

  all(): Iterable<Transaction> {
    return this.#store.all()
  }

  initProducerId(request: InitProducerId, done: (result: ProducerIdResult) => void): void {
    const { transactionalId } = request
    if (transactionalId === null) {
      this.#initIdempotent(done)
      return
    }
    if (transactionalId === '') {
      done(failed(ErrorCode.INVALID_REQUEST))
      return
    }
    if (request.timeoutMs <= 0 || request.timeoutMs > this.#config.number('transaction.max.timeout.ms')) {
      done(failed(ErrorCode.INVALID_TRANSACTION_TIMEOUT))
      return
    }
    this.#guard(
      (code) => done(failed(code)),
      () => this.#initTransactional(transactionalId, request, done),
    )
  }

  #initIdempotent(done: (result: ProducerIdResult) => void): void {
    this.#guard(
      (code) => done(failed(code)),
      () => {
        done({ errorCode: ErrorCode.NONE, producerId: this.#producerIds.allocate(), producerEpoch: 0 })
      },
    )
  }

  #initTransactional(transactionalId: string, request: InitProducerId, done: (result: ProducerIdResult) => void): void {
    const nowMs = this.#clock.now()
    const allocateProducerId = (): number => this.#producerIds.allocate()
    const current = this.#store.get(transactionalId) ?? newTransaction(transactionalId, allocateProducerId())
    const { timeoutMs, expected } = request
    const decision = decideInit(current, { timeoutMs, expected, nowMs, allocateProducerId })
    if (decision.kind === 'abortFirst') {
      this.#decide(fence(current, nowMs), (errorCode) => {
        // The producer has proved itself; the epoch it named goes with the abort.
        if (errorCode === ErrorCode.NONE) this.initProducerId({ ...request, expected: undefined }, done)
        else done(failed(errorCode))
      })
      return
    }
    this.#apply(transactionalId, decision, (errorCode) => {
      const next = decision.kind === 'next' ? decision.next : current
      done(errorCode === ErrorCode.NONE ? { errorCode, ...idAndEpoch(next) } : failed(errorCode))
    })
  }

  /** Adds partitions to the producer's transaction, and begins it with the first. */
  addPartitions(
    producer: ProducerOf,
    partitions: readonly TopicPartition[],
    clientVersion: number,
    done: (errorCode: number) => void,
  ): void {
    const { transactionalId } = producer
    if (transactionalId === '') {
      done(ErrorCode.INVALID_REQUEST)
      return
    }
    this.#guard(done, () => {
      const nowMs = this.#clock.now()
      const decision = decideAdd(this.#store.get(transactionalId), { producer, partitions, clientVersion, nowMs })
      this.#apply(transactionalId, decision, done)
    })
  }

  /** Whether the partition takes part in the producer's open transaction. */
  verify(producer: ProducerOf, partition: TopicPartition): number {
    return verifyPartition(this.#store.get(producer.transactionalId), producer, partition)
  }

  /**
   * Decides for each partition of a transactional Produce or TxnOffsetCommit whether its batch may be appended now, and
   * calls `proceed` at the moment when that holds: append before returning from it. With `implicit` (Produce v12,
   * TxnOffsetCommit v5) partitions join the transaction on the way. Calls for one transactional id proceed in order.
   */
  admit(
    producer: ProducerOf,
    partitions: readonly TopicPartition[],
    implicit: boolean,
    proceed: (errorCodes: readonly number[]) => void,
  ): void {
    const all = (code: number): void => proceed(partitions.map(() => code))
    const check = (code: number): void => {
      // While the record was being made safe, the transaction may have timed out.
      if (code !== ErrorCode.NONE) all(code)
      else proceed(partitions.map((partition) => this.verify(producer, partition)))
    }
    if (implicit) this.addPartitions(producer, partitions, 2, check)
    else this.#whenCommitted(producer.transactionalId, check)
  }

  endTransaction(
    producer: ProducerOf,
    commit: boolean,
    clientVersion: number,
    done: (result: ProducerIdResult) => void,
  ): void {
    const { transactionalId } = producer
    if (transactionalId === '') {
      done(failed(ErrorCode.INVALID_REQUEST))
      return
    }
    this.#guard(
      (code) => done(failed(code)),
      () => {
        const current = this.#store.get(transactionalId)
        const decision = decideEnd(current, {
          producer,
          commit,
          clientVersion,
          nowMs: this.#clock.now(),
          allocateProducerId: () => this.#producerIds.allocate(),
        })
        if (decision.kind === 'error') {
          done(failed(decision.code))
          return
        }
        // As it was decided: by the time of the answer a successor may have an epoch that is not this producer's to know.
        const decided = decision.kind === 'next' ? decision.next : current!
        const answer = (errorCode: number): void =>
          done(errorCode === ErrorCode.NONE ? { errorCode, ...idAndEpoch(decided) } : failed(errorCode))
        if (decision.kind === 'unchanged') this.#whenCommitted(transactionalId, answer)
        // Answered only when all markers are in, so that the client's next transaction does not run into this one.
        else this.#decide(decision.next, answer)
      },
    )
  }

  #apply(transactionalId: string, decision: Decision, done: (errorCode: number) => void): void {
    if (decision.kind === 'error') {
      done(decision.code)
      return
    }
    if (decision.kind === 'next') {
      this.#store.put(decision.next)
      this.#watchTimeout(decision.next)
    }
    this.#whenCommitted(transactionalId, done)
  }

  /** Ends a transaction. Throws when the log refuses the decision. */
  #decide(transaction: Transaction, done: (errorCode: number) => void): void {
    this.#endings.decide(transaction, (errorCode) => {
      if (errorCode !== ErrorCode.NONE) this.#reload()
      done(errorCode)
    })
    this.#watchTimeout(transaction)
  }

  #whenCommitted(transactionalId: string, done: (errorCode: number) => void): void {
    this.#store.whenCommitted(transactionalId, (errorCode) => {
      if (errorCode !== ErrorCode.NONE) this.#reload()
      done(errorCode)
    })
  }

  #watchTimeout(transaction: Transaction): void {
    const { transactionalId, startMs, timeoutMs } = transaction
    if (this.#store.get(transactionalId)?.state !== 'Ongoing') {
      this.#timers.get(transactionalId)?.()
      this.#timers.delete(transactionalId)
    } else if (!this.#timers.has(transactionalId)) {
      this.#expireAfter(transactionalId, Math.max(0, startMs + timeoutMs - this.#clock.now()))
    }
  }

  #expireAfter(transactionalId: string, delayMs: number): void {
    this.#timers.set(
      transactionalId,
      this.#clock.after(delayMs, () => this.#timedOut(transactionalId)),
    )
  }

  #timedOut(transactionalId: string): void {
    this.#timers.delete(transactionalId)
    const transaction = this.#store.get(transactionalId)
    if (transaction?.state !== 'Ongoing') return
    whenStored(
      () => this.#decide(fence(transaction, this.#clock.now()), () => {}),
      () => this.#expireAfter(transactionalId, timeoutRetryMs),
    )
  }

  #scheduleExpiration(): void {
    this.#cancelExpiration = this.#clock.after(expirationCheckMs, () => {
      // When the log refuses, the next look finds the same.
      isStored(() => this.expire())
      this.#scheduleExpiration()
    })
  }

  /** Forgets transactional ids that nobody used for `transactional.id.expiration.ms`. */
  expire(): void {
    const latestMs = this.#clock.now() - this.#config.number('transactional.id.expiration.ms')
    for (const transaction of [...this.#store.all()]) {
      if (transactionTable[transaction.state].expire !== 'Dead' || transaction.updatedMs > latestMs) continue
      this.#store.remove(transaction.transactionalId)
    }
  }

  #guard(onError: (errorCode: number) => void, action: () => void): void {
    whenStored(action, () => onError(ErrorCode.COORDINATOR_NOT_AVAILABLE))
  }
}

/** What the client is to use next. A rotated id begins at epoch 0. */
function idAndEpoch(transaction: Transaction): ProducerIdAndEpoch {
  const { producerId, producerEpoch, nextProducerId } = transaction
  if (nextProducerId >= 0 && isEpochExhausted(producerEpoch)) return { producerId: nextProducerId, producerEpoch: 0 }
  return { producerId, producerEpoch }
}
