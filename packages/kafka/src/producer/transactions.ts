import { isMillraceError } from '@millrace/base'
import { apis, ErrorCode } from '@millrace/protocol'
import type { BrokerLink } from '../client/broker-link.ts'
import type { Cluster } from '../client/cluster.ts'
import { retrying } from '../client/retry.ts'
import { diagnostics } from '../diagnostics.ts'
import { errorCodeOf, isConnectionError, isRetriable, kafkaError, staleCoordinatorCodes } from '../errors.ts'
import { offsetCommitTopics } from '../offset-topics.ts'
import type { Authority } from './authority.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { PartitionRegistration } from './partition-registration.ts'
import { classify, transactionError } from './transaction-errors.ts'
import { type TransactionEvent, type TransactionState, transactionTable } from './transaction-state.ts'
import type { GroupMetadata, ProducerIdentity, ProducerSettings, TopicPartitionOffset } from './types.ts'

/** What the manager needs from the rest of the producer. */
export interface TransactionHooks {
  wake(): void
  /** Fails what waits to be sent. */
  dropWaiting(error: unknown): void
  /** Sends what waits; resolves when nothing is on its way any more. */
  settle(): Promise<void>
  queues(): Iterable<PartitionQueue>
}

/**
 * The transaction protocol, versions 1 and 2. With version 2 (KIP-890, feature `transaction.version` 2) partitions and
 * groups join the transaction with the first write, and EndTxn answers with the epoch of the next transaction, so that a
 * write that comes late can never land in it.
 */
export class Transactions implements Authority {
  readonly transactionalId: string
  readonly stamps = true
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #hooks: TransactionHooks
  readonly #purpose: string
  readonly #registration: PartitionRegistration
  #state: TransactionState = 'uninitialised'
  #number = 0
  #error: unknown
  #identity: ProducerIdentity | undefined
  #version2 = false
  /** Something was sent that may have opened the transaction at the coordinator. */
  #started = false
  /** Sequences have gaps, or the coordinator lost the id: only a new epoch helps. */
  #needsNewEpoch = false
  #groups = new Set<string>()
  #ending: Promise<void> | undefined
  #sendingOffsets: Promise<unknown> = Promise.resolve()

  constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    transactionalId: string,
    purpose: string,
    hooks: TransactionHooks,
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.transactionalId = transactionalId
    this.#purpose = purpose
    this.#hooks = hooks
    this.#registration = new PartitionRegistration({
      send: (partitions) => this.#addPartitions(partitions),
      added: hooks.wake,
      failed: (error) => this.#onError(error, isRetriable(error)),
    })
  }

  get state(): TransactionState {
    return this.#state
  }

  get identity(): ProducerIdentity | undefined {
    return this.#identity
  }

  get maxProduceVersion(): number {
    return this.#version2 ? 13 : 11
  }

  get mayRetry(): boolean {
    return this.#state === 'open' || this.#state === 'committing'
  }

  /** Counts the transactions, so that a late failure is not blamed on the next one. */
  get number(): number {
    return this.#number
  }

  /** Throws when nothing may be written now. */
  assertWritable(): void {
    if (this.#state !== 'open') throw this.#stateError('write')
  }

  /** Throws when a record that was accepted earlier must not go any more. A commit waits for those, so it may go then. */
  assertAdmissible(): void {
    if (!this.mayRetry) throw this.#stateError('write')
  }

  /** A write that was accepted in transaction `number` failed: that transaction must not commit. */
  writeFailed(number: number, error: unknown): void {
    if (number === this.#number && this.mayRetry) this.#onError(error, true)
  }

  mayWrite(queue: PartitionQueue): boolean {
    if (!this.mayRetry) return false
    if (this.#version2) {
      this.#started = true
      return true
    }
    return this.#registration.has(queue.topic, queue.partition)
  }

  lost(_queue: PartitionQueue, error: unknown): void {
    this.#needsNewEpoch = true
    const errorCode = errorCodeOf(error)
    // The coordinator decides whether an old epoch means a successor: EndTxn will tell (KIP-588).
    const fatal = errorCode !== undefined && fatalForWrites.has(errorCode)
    this.#onError(fatal ? this.#coordinatorError(errorCode, 'produce') : error, !fatal)
  }

  /** Nothing to do while the transaction lives: its end brings the new epoch. */
  recover(): void {}

  /** Fences every older producer of this id and finishes what it left open. */
  async init(): Promise<ProducerIdentity> {
    this.#transition('init')
    try {
      const identity = await this.#initProducerId({ producerId: -1, producerEpoch: -1 })
      this.#transition('initialised')
      return identity
    } catch (error) {
      if (isRetriable(error)) this.#transition('initFailed')
      else this.#onError(error)
      throw error
    }
  }

  begin(): void {
    this.#transition('begin')
    this.#number += 1
    this.#started = false
    this.#groups.clear()
    this.#registration.clear()
  }

  /** Adds consumed offsets to the transaction; they become visible with it. */
  async sendOffsets(group: GroupMetadata, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    this.assertWritable()
    const sending = this.#sendingOffsets.then(() => this.#sendOffsets(group, offsets))
    this.#sendingOffsets = sending.catch(() => {})
    await sending
  }

  async #sendOffsets(group: GroupMetadata, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (offsets.length === 0) return
    try {
      if (!this.#version2 && !this.#groups.has(group.groupId)) {
        await this.#addGroup(group.groupId)
        this.#groups.add(group.groupId)
      }
      this.#started = true
      await this.#commitOffsets(group, offsets)
    } catch (error) {
      throw this.#onError(error, isRetriable(error))
    }
  }

  /**
   * Resolves once the transaction is committed. After KAFKA_TIMEOUT the outcome is open: call it again until it
   * resolves or fails with another error.
   */
  async commit(): Promise<void> {
    this.#transition('commit')
    if (this.#ending === undefined) {
      await this.#settle()
      // A lost write has moved the state on while we waited.
      if ((this.#state as TransactionState) !== 'committing') throw this.#stateError('commit')
    }
    await this.#end(true)
  }

  /** Throws away what was written, waits for what is on its way, and tells the coordinator. */
  async abort(): Promise<void> {
    this.#transition('abort')
    this.#hooks.dropWaiting(kafkaError('KAFKA_TRANSACTION_ABORTED', 'the transaction was aborted', {}, this.#error))
    // A batch that is still on its way must not arrive behind the abort marker: in version 1 it would begin a
    // transaction that nobody ends.
    await this.#settle()
    await this.#end(false)
  }

  /** Waits until nothing of the transaction is on its way any more. */
  async #settle(): Promise<void> {
    await this.#sendingOffsets
    await this.#hooks.settle()
    await this.#registration.settled()
  }

  #end(committed: boolean): Promise<void> {
    this.#ending ??= this.#endOnce(committed).finally(() => {
      this.#ending = undefined
    })
    return this.#ending
  }

  async #endOnce(committed: boolean): Promise<void> {
    for (const queue of this.#hooks.queues()) this.#needsNewEpoch ||= queue.broken
    try {
      if (this.#started || this.#registration.attempted) await this.#endTransaction(committed)
      if (this.#needsNewEpoch) await this.#initProducerId(this.#identity ?? { producerId: -1, producerEpoch: -1 })
    } catch (error) {
      throw isRetriable(error) ? error : this.#onError(error)
    }
    this.#needsNewEpoch = false
    this.#error = undefined
    for (const queue of this.#hooks.queues()) queue.broken = false
    this.#transition('completed')
  }

  async #endTransaction(committed: boolean): Promise<void> {
    const body = () => ({ transactionalId: this.transactionalId, ...this.#identity, committed })
    const maxVersion = this.#version2 ? 5 : 4
    const response = await this.#retrying('EndTxn', async (link, timeoutMs) => {
      const answer = await link.request(apis.EndTxn, body(), { timeoutMs, maxVersion })
      const { errorCode } = answer.body
      if (errorCode === ErrorCode.NONE || (!committed && this.#abortedAnyway(errorCode))) return answer.body
      throw this.#coordinatorError(errorCode, committed ? 'commit' : 'abort')
    })
    if (this.#version2 && response.errorCode === ErrorCode.NONE && response.producerId >= 0) {
      const { producerId, producerEpoch } = response
      this.#identity = { producerId, producerEpoch }
      this.#needsNewEpoch = false
    }
  }

  /** The coordinator no longer has what was to be aborted; a new epoch is all that is left to get. */
  #abortedAnyway(errorCode: number): boolean {
    const gone = errorCode === ErrorCode.INVALID_PRODUCER_ID_MAPPING || errorCode === ErrorCode.UNKNOWN_PRODUCER_ID
    // Version 1, no partition known to have been added: the coordinator may never have begun the transaction.
    const neverBegun = errorCode === ErrorCode.INVALID_TXN_STATE && !this.#version2 && this.#registration.isEmpty
    if (gone || neverBegun) this.#needsNewEpoch = true
    return gone || neverBegun
  }

  async #initProducerId(current: ProducerIdentity): Promise<ProducerIdentity> {
    const { transactionTimeoutMs } = this.#settings
    // From version 3 on the current epoch may be named, so that a successor is not fenced by mistake (KIP-360).
    const body = { transactionalId: this.transactionalId, transactionTimeoutMs, ...current }
    const response = await this.#retrying('InitProducerId', async (link, timeoutMs) => {
      const answer = await link.request(apis.InitProducerId, body, { timeoutMs, maxVersion: 5 })
      if (answer.body.errorCode !== 0) throw this.#coordinatorError(answer.body.errorCode, 'InitProducerId')
      return answer.body
    })
    const { producerId, producerEpoch } = response
    this.#identity = { producerId, producerEpoch }
    return this.#identity
  }

  async #addPartitions(partitions: readonly { topic: string; partitions: readonly number[] }[]): Promise<void> {
    const body = {
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: this.#identity?.producerId ?? -1,
      v3AndBelowProducerEpoch: this.#identity?.producerEpoch ?? -1,
      v3AndBelowTopics: partitions.map(({ topic: name, partitions: inTopic }) => ({ name, partitions: inTopic })),
    }
    await this.#retrying('AddPartitionsToTxn', async (link, timeoutMs) => {
      if (!this.mayRetry) throw kafkaError('KAFKA_TRANSACTION_ABORTED', 'the transaction was aborted')
      const { body: response } = await link.request(apis.AddPartitionsToTxn, body, { timeoutMs, maxVersion: 3 })
      const codes = response.resultsByTopicV3AndBelow.flatMap(({ resultsByPartition }) =>
        resultsByPartition.map(({ partitionErrorCode }) => partitionErrorCode),
      )
      this.#throwWorst(codes, 'AddPartitionsToTxn')
    })
  }

  async #addGroup(groupId: string): Promise<void> {
    const body = { transactionalId: this.transactionalId, ...this.#identity, groupId }
    this.#started = true
    await this.#retrying('AddOffsetsToTxn', async (link, timeoutMs) => {
      const { body: response } = await link.request(apis.AddOffsetsToTxn, body, { timeoutMs })
      if (response.errorCode !== 0) throw this.#coordinatorError(response.errorCode, 'AddOffsetsToTxn')
    })
  }

  async #commitOffsets(group: GroupMetadata, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const { groupId, generationId, memberId, groupInstanceId } = group
    const base = { transactionalId: this.transactionalId, groupId, generationId, memberId, groupInstanceId }
    const body = { ...base, ...this.#identity, topics: offsetCommitTopics(offsets) }
    const maxVersion = this.#version2 ? 5 : 4
    const to = { coordinator: { type: 'group', key: groupId } } as const
    const options = { to, purpose: this.#purpose, maxVersion }
    await this.#cluster.requestRetrying(apis.TxnOffsetCommit, body, options, (response) => {
      const codes = response.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
      this.#throwWorst(codes, 'TxnOffsetCommit')
    })
  }

  #throwWorst(codes: readonly number[], what: string): void {
    const failed = codes.filter((errorCode) => errorCode !== 0)
    const worst =
      failed.find((errorCode) => classify(errorCode) !== 'retriable' && errorCode !== notAttempted) ?? failed[0]
    if (worst !== undefined) throw this.#coordinatorError(worst, what)
  }

  #coordinatorError(errorCode: number, what: string): Error {
    return transactionError(errorCode, `${what} of ${this.transactionalId}`, { transactionalId: this.transactionalId })
  }

  /** Repeats a request to the transaction coordinator, also after a lost reply: all of them may be repeated. */
  #retrying<T>(what: string, attempt: (link: BrokerLink, timeoutMs: number) => Promise<T>): Promise<T> {
    const to = { coordinator: { type: 'transaction', key: this.transactionalId } } as const
    const { operationTimeoutMs, requestTimeoutMs } = this.#cluster.settings
    // CONCURRENT_TRANSACTIONS, the usual reason, is over as soon as the markers of the last transaction are written.
    const context = { ...this.#cluster.retryContext, retryDelayMsMin: concurrentDelayMs }
    return retrying(context, what, operationTimeoutMs, async (leftMs) => {
      try {
        const link = await this.#cluster.link(to, this.#purpose)
        // A transaction runs in one version from its beginning to its end.
        if (what === 'InitProducerId') this.#version2 = supportsVersion2(link)
        return await attempt(link, Math.min(requestTimeoutMs, leftMs))
      } catch (error) {
        if (isConnectionError(error) || staleCoordinatorCodes.has(errorCodeOf(error) as number)) {
          this.#cluster.coordinators.forget(to.coordinator.type, to.coordinator.key)
        }
        throw error
      }
    })
  }

  /** Moves to `fatal` or `abortable` as the error demands, and returns it. */
  #onError(error: unknown, abortable = false): unknown {
    const event = abortable || isAbortable(error) ? 'abortableError' : 'fatalError'
    const next = transactionTable[this.#state][event]
    if (next === null) return error
    this.#moveTo(next)
    this.#error ??= error
    if (next === 'fatal') this.#error = error
    if (next !== 'aborting') this.#hooks.dropWaiting(this.#stateError('write'))
    return error
  }

  #transition(event: TransactionEvent): void {
    const next = transactionTable[this.#state][event]
    if (next === null) throw this.#stateError(event)
    this.#moveTo(next)
  }

  #moveTo(next: TransactionState): void {
    const from = this.#state
    this.#state = next
    if (from === next || !diagnostics.transaction.hasSubscribers) return
    diagnostics.transaction.publish({ transactionalId: this.transactionalId, from, to: next })
  }

  #stateError(event: string): unknown {
    const fields = { transactionalId: this.transactionalId, state: this.#state }
    if (this.#state === 'fatal') {
      if (isMillraceError(this.#error) && this.#error.code === 'KAFKA_FENCED') return this.#error
      return kafkaError('KAFKA_PRODUCER_FAILED', `${this.transactionalId} failed earlier`, fields, this.#error)
    }
    if (this.#state === 'abortable') {
      const reason = this.#error instanceof Error ? `: ${this.#error.message}` : ''
      const message = `transaction of ${this.transactionalId} can only be aborted${reason}`
      return kafkaError('KAFKA_TRANSACTION_ABORTABLE', message, fields, this.#error)
    }
    if (this.#state === 'aborting' && event === 'write') {
      return kafkaError('KAFKA_TRANSACTION_ABORTED', 'the transaction was aborted', fields, this.#error)
    }
    return new TypeError(`${event} is not allowed while the transaction of ${this.transactionalId} is ${this.#state}`)
  }
}

const concurrentDelayMs = 20
const notAttempted = ErrorCode.OPERATION_NOT_ATTEMPTED

const fatalForWrites: ReadonlySet<number> = new Set([
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
])

const abortableErrors = new Set(['KAFKA_TRANSACTION_ABORTABLE', 'KAFKA_TRANSACTION_ABORTED', 'KAFKA_DELIVERY_TIMEOUT'])

function isAbortable(error: unknown): boolean {
  return isMillraceError(error) && abortableErrors.has(error.code)
}

function supportsVersion2(link: BrokerLink): boolean {
  return (link.features.get('transaction.version') ?? 0) >= 2 && (link.versionOf(apis.EndTxn) ?? 0) >= 5
}
