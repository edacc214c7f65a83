import type { Clock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import { type MarkerEnvironment, writeMarkers } from './markers.ts'
import { type ProducerIdSource, ProducerIds } from './producer-ids.ts'
import { isEpochExhausted, type TopicPartition, type Transaction } from './transaction.ts'
import {
  complete,
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
  readonly #environment: MarkerEnvironment
  readonly #store: TransactionStore
  readonly #producerIds: ProducerIds
  readonly #timers = new Map<string, () => void>()
  /** Who waits for the markers of a transactional id. */
  readonly #waiting = new Map<string, (() => void)[]>()
  readonly #markerRetries = new Map<string, () => void>()
  #cancelExpiration: () => void = () => {}

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
    this.#environment = options.environment
    this.#store = new TransactionStore(options.log, options.clock)
    this.#producerIds = new ProducerIds(options.producerIds)
  }

  /** Call once, when all partitions and groups are loaded. */
  start(): void {
    for (const transaction of [...this.#store.all()]) {
      if (transactionTable[transaction.state].markersWritten !== 'never') this.#finish(transaction, true)
      else this.#watchTimeout(transaction)
    }
    this.#scheduleExpiration()
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel()
    for (const cancel of this.#markerRetries.values()) cancel()
    this.#timers.clear()
    this.#markerRetries.clear()
    this.#cancelExpiration()
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
      // The producer has proved itself; the epoch it named goes with the abort.
      this.#waitForMarkers(transactionalId, () => this.initProducerId({ ...request, expected: undefined }, done))
      this.#prepared(fence(current, nowMs))
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
    else this.#store.whenCommitted(producer.transactionalId, check)
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
        const decision = decideEnd(this.#store.get(transactionalId), {
          producer,
          commit,
          clientVersion,
          nowMs: this.#clock.now(),
          allocateProducerId: () => this.#producerIds.allocate(),
        })
        if (decision.kind === 'error') return done(failed(decision.code))
        const answer = (): void => {
          const now = this.#store.get(transactionalId)
          done(now ? { errorCode: ErrorCode.NONE, ...idAndEpoch(now) } : failed(ErrorCode.INVALID_PRODUCER_ID_MAPPING))
        }
        if (decision.kind === 'unchanged') return this.#store.whenCommitted(transactionalId, answer)
        // Answered only when all markers are in, so that the client's next transaction does not run into this one.
        this.#waitForMarkers(transactionalId, answer)
        this.#prepared(decision.next)
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
    this.#store.whenCommitted(transactionalId, done)
  }

  /** The outcome is decided: log it, then write the markers. Throws when the log does. */
  #prepared(transaction: Transaction): void {
    try {
      this.#store.put(transaction)
    } catch (cause) {
      this.#waiting.delete(transaction.transactionalId)
      throw cause
    }
    this.#watchTimeout(transaction)
    this.#store.whenCommitted(transaction.transactionalId, (errorCode) => {
      if (errorCode === ErrorCode.NONE) this.#finish(transaction, false)
    })
  }

  #finish(transaction: Transaction, resumed: boolean): void {
    const { transactionalId } = transaction
    let finished = false
    const cancel = writeMarkers(this.#environment, transaction, resumed, () => {
      finished = true
      this.#markerRetries.delete(transactionalId)
      this.#completed(transaction)
    })
    if (!finished) this.#markerRetries.set(transactionalId, cancel)
  }

  #completed(transaction: Transaction): void {
    const { transactionalId } = transaction
    try {
      this.#store.put(complete(transaction, this.#clock.now()))
    } catch {
      const retry = this.#clock.after(1_000, () => this.#completed(transaction))
      this.#markerRetries.set(transactionalId, retry)
      return
    }
    const waiting = this.#waiting.get(transactionalId) ?? []
    this.#waiting.delete(transactionalId)
    for (const resume of waiting) resume()
  }

  #waitForMarkers(transactionalId: string, resume: () => void): void {
    const waiting = this.#waiting.get(transactionalId)
    if (waiting) waiting.push(resume)
    else this.#waiting.set(transactionalId, [resume])
  }

  #watchTimeout(transaction: Transaction): void {
    const { transactionalId, startMs, timeoutMs } = transaction
    if (transaction.state === 'Ongoing') {
      if (this.#timers.has(transactionalId)) return
      const remainingMs = Math.max(0, startMs + timeoutMs - this.#clock.now())
      this.#timers.set(
        transactionalId,
        this.#clock.after(remainingMs, () => this.#timedOut(transactionalId)),
      )
      return
    }
    this.#timers.get(transactionalId)?.()
    this.#timers.delete(transactionalId)
  }

  #timedOut(transactionalId: string): void {
    this.#timers.delete(transactionalId)
    const transaction = this.#store.get(transactionalId)
    if (transaction?.state !== 'Ongoing') return
    this.#guard(
      // The log refuses: leave the transaction open and try again.
      () =>
        this.#timers.set(
          transactionalId,
          this.#clock.after(1_000, () => this.#timedOut(transactionalId)),
        ),
      () => this.#prepared(fence(transaction, this.#clock.now())),
    )
  }

  #scheduleExpiration(): void {
    this.#cancelExpiration = this.#clock.after(expirationCheckMs, () => {
      this.#guard(
        () => {},
        () => this.expire(),
      )
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
    try {
      action()
    } catch (cause) {
      if (cause instanceof TypeError) throw cause
      // The log could not take the record (disk full): nothing has changed, clients try again.
      onError(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    }
  }
}

/** What the client is to use next. A rotated id begins at epoch 0. */
function idAndEpoch(transaction: Transaction): ProducerIdAndEpoch {
  const { producerId, producerEpoch, nextProducerId } = transaction
  if (nextProducerId >= 0 && isEpochExhausted(producerEpoch)) return { producerId: nextProducerId, producerEpoch: 0 }
  return { producerId, producerEpoch }
}
