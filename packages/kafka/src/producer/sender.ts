import { apis, ErrorCode, type ProduceResponse, ZERO_UUID } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import type { BrokerNode } from '../client/metadata.ts'
import { retryDelayMs } from '../client/retry.ts'
import { brokerError, errorCodeOf, isConnectionError, isRetriable, kafkaError, staleMetadataCodes } from '../errors.ts'
import type { Accumulator } from './accumulator.ts'
import type { Authority } from './authority.ts'
import type { ProducerBatch } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerSettings } from './types.ts'

interface Entry {
  readonly queue: PartitionQueue
  readonly batch: ProducerBatch
}

type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number]

/** Answers after which nobody knows whether the batch is in the log. */
const unknownOutcomeCodes: ReadonlySet<number> = new Set([
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  ErrorCode.NETWORK_EXCEPTION,
  ErrorCode.KAFKA_STORAGE_ERROR,
])

const sequenceCodes: ReadonlySet<number> = new Set([
  ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
  ErrorCode.UNKNOWN_PRODUCER_ID,
])

/** Sends what the accumulator holds to the leaders, and judges the answers. */
export class Sender {
  readonly #cluster: Cluster
  readonly #settings: ProducerSettings
  readonly #accumulator: Accumulator
  readonly #authority: Authority
  readonly #purpose: string
  readonly #requestsInFlight = new Map<number, number>()
  #drainScheduled = false
  #closed = false
  #cancelTimer: (() => void) | undefined
  #timerDueMs = Number.POSITIVE_INFINITY

  constructor(
    cluster: Cluster,
    settings: ProducerSettings,
    parts: { accumulator: Accumulator; authority: Authority; purpose: string },
  ) {
    this.#cluster = cluster
    this.#settings = settings
    this.#accumulator = parts.accumulator
    this.#authority = parts.authority
    this.#purpose = parts.purpose
  }

  /** Drains in the next microtask, so that records sent in one go share a batch. */
  readonly wake = (): void => {
    if (this.#drainScheduled || this.#closed) return
    this.#drainScheduled = true
    Promise.resolve()
      .then(() => this.#drain())
      .catch(() => {})
  }

  /** Fails everything that is not on its way. What was stamped leaves a gap in the sequences. */
  dropWaiting(error: unknown): void {
    for (const queue of [...this.#accumulator.active]) {
      for (const batch of queue.waiting.splice(0)) {
        if (batch.bytes !== undefined && this.#authority.stamps) queue.broken = true
        this.#settleFailed(queue, batch, error)
      }
    }
  }

  close(error: unknown): void {
    this.#closed = true
    this.#cancelTimer?.()
    this.dropWaiting(error)
  }

  #drain(): void {
    this.#drainScheduled = false
    const nowMs = this.#cluster.settings.clock.now()
    const requests = new Map<BrokerNode, Entry[]>()
    const sizes = new Map<BrokerNode, number>()
    let wakeAtMs = Number.POSITIVE_INFINITY
    for (const queue of [...this.#accumulator.active]) {
      this.#expire(queue, nowMs)
      const batch = queue.sendable(nowMs, this.#settings.idempotent ? this.#settings.maxInFlight : 1)
      if (batch === undefined) {
        wakeAtMs = Math.min(wakeAtMs, nextMoment(queue, nowMs))
        continue
      }
      const node = this.#leader(queue, nowMs)
      if (node === undefined || (this.#requestsInFlight.get(node.id) ?? 0) >= this.#settings.maxInFlight) continue
      if (!queue.mayGoTo(node.id)) continue
      const size = sizes.get(node) ?? 0
      if (size > 0 && size + batch.builder.sizeInBytes > this.#settings.maxRequestBytes) {
        wakeAtMs = nowMs
        continue
      }
      if (!this.#authority.mayWrite(queue)) continue
      if (!queue.stamp(batch, this.#authority.stamps ? this.#authority.identity : undefined, this.#isTransactional))
        continue
      queue.sent(batch, node.id)
      sizes.set(node, size + batch.builder.sizeInBytes)
      requests.set(node, [...(requests.get(node) ?? []), { queue, batch }])
      if (queue.waiting.length > 0) wakeAtMs = nowMs
    }
    for (const [node, entries] of requests) this.#dispatch(node, entries).catch(() => {})
    if (wakeAtMs <= nowMs) this.wake()
    else this.#arm(wakeAtMs)
  }

  get #isTransactional(): boolean {
    return this.#authority.transactionalId !== null
  }

  #leader(queue: PartitionQueue, nowMs: number): BrokerNode | undefined {
    const { metadata } = this.#cluster
    const known = metadata.partition(queue.topic, queue.partition)
    const node = known === undefined ? undefined : metadata.node(known.leader)
    if (node === undefined) this.#backOff(queue, nowMs)
    return node
  }

  async #dispatch(node: BrokerNode, entries: readonly Entry[]): Promise<void> {
    this.#requestsInFlight.set(node.id, (this.#requestsInFlight.get(node.id) ?? 0) + 1)
    try {
      const { requestTimeoutMs: timeoutMs } = this.#cluster.settings
      const link = await this.#cluster.pool.get(node, this.#purpose)
      const { acks, transactionalId = null } = this.#settings
      const topicIds = new Map(
        entries.map(({ queue: { topic } }) => [topic, this.#cluster.metadata.topic(topic)?.topicId]),
      )
      const named = [...topicIds.values()].some((topicId) => topicId === undefined || topicId === ZERO_UUID)
      const maxVersion = Math.min(this.#authority.maxProduceVersion, named ? 12 : 13)
      const topicData = grouped(entries).map(([name, inTopic]) => ({
        name,
        topicId: topicIds.get(name) ?? ZERO_UUID,
        partitionData: inTopic.map(({ queue, batch }) => ({ index: queue.partition, records: batch.bytes ?? null })),
      }))
      const expectResponse = acks !== 0
      const options = { timeoutMs, maxVersion, expectResponse }
      const { body } = await link.request(apis.Produce, { transactionalId, acks, timeoutMs, topicData }, options)
      if (expectResponse) this.#judge(entries, body, topicIds)
      else for (const { queue, batch } of entries) this.#succeeded(queue, batch, -1)
    } catch (error) {
      const unknown = isConnectionError(error) && (error as { code: string }).code !== 'KAFKA_CONNECT_FAILED'
      for (const { queue, batch } of entries) this.#failed(queue, batch, error, unknown)
    } finally {
      this.#requestsInFlight.set(node.id, (this.#requestsInFlight.get(node.id) ?? 1) - 1)
      this.wake()
    }
  }

  #judge(entries: readonly Entry[], body: ProduceResponse, topicIds: ReadonlyMap<string, string | undefined>): void {
    const { metadata } = this.#cluster
    metadata.addNodes(body.nodeEndpoints.map(({ nodeId: id, host, port, rack }) => ({ id, host, port, rack })))
    for (const { queue, batch } of entries) {
      const { topic, partition } = queue
      const inTopic = body.responses.find(
        ({ name, topicId }) => name === topic || (name === '' && topicId === topicIds.get(topic)),
      )
      const response = inTopic?.partitionResponses.find(({ index }) => index === partition)
      if (response === undefined) {
        const error = brokerError(ErrorCode.UNKNOWN_SERVER_ERROR, `${topic}-${partition} is missing in the response`)
        this.#failed(queue, batch, error, true)
      } else this.#judgeOne(queue, batch, response)
    }
  }

  #judgeOne(queue: PartitionQueue, batch: ProducerBatch, response: PartitionResponse): void {
    const { errorCode, baseOffset, currentLeader } = response
    const { topic, partition } = queue
    if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) {
      this.#succeeded(queue, batch, baseOffset)
      return
    }
    this.#cluster.metadata.updateLeader(topic, partition, currentLeader.leaderId, currentLeader.leaderEpoch)
    const detail = response.recordErrors[0]?.batchIndexErrorMessage ?? response.errorMessage
    const error = brokerError(errorCode, `produce to ${topic}-${partition}`, { topic, partition }, detail)
    this.#failed(queue, batch, error, unknownOutcomeCodes.has(errorCode))
  }

  #succeeded(queue: PartitionQueue, batch: ProducerBatch, baseOffset: number): void {
    queue.answered(batch)
    queue.failures = 0
    this.#accumulator.release(queue, batch)
    batch.complete(baseOffset)
    this.#recoverIfPossible(queue)
  }

  #failed(queue: PartitionQueue, batch: ProducerBatch, error: unknown, unknown: boolean): void {
    queue.answered(batch)
    if (unknown) batch.maybeWritten = true
    const nowMs = this.#cluster.settings.clock.now()
    const errorCode = errorCodeOf(error) as number
    // While an older batch is unresolved, its gap explains the error; behind a broken one, the new epoch will cure it.
    const explained = sequenceCodes.has(errorCode) && (queue.broken || queue.hasOlderThan(batch))
    const retry = (isRetriable(error) || explained) && this.#authority.mayRetry && !this.#closed
    if (retry && nowMs < batch.dueMs) {
      this.#cluster.stats.retries += 1
      queue.requeue(batch, 0)
      if (!explained) this.#backOff(queue, nowMs, staleMetadataCodes.has(errorCode) || isConnectionError(error))
    } else if (retry) this.#giveUp(queue, batch, this.#timedOut(queue, error))
    else if (sequenceCodes.has(errorCode) && !batch.maybeWritten && !this.#isTransactional && this.#authority.stamps) {
      // Nothing older is missing and no attempt went unanswered: the broker has lost this producer's state.
      // The batch is surely not written, so it may be sent again under a new epoch (KIP-360).
      queue.requeue(batch, 0)
      queue.broken = true
    } else this.#giveUp(queue, batch, error)
    this.#recoverIfPossible(queue)
  }

  #giveUp(queue: PartitionQueue, batch: ProducerBatch, error: unknown): void {
    const used = batch.bytes !== undefined && this.#authority.stamps
    this.#settleFailed(queue, batch, error)
    if (used) queue.broken = true
    // With a new epoch the broker cannot tell whether it has these already: sending them again could write them twice.
    for (const later of used ? queue.waiting.filter(({ maybeWritten }) => maybeWritten) : []) {
      queue.waiting.splice(queue.waiting.indexOf(later), 1)
      this.#settleFailed(queue, later, error)
    }
    this.#authority.lost(queue, error)
  }

  #settleFailed(queue: PartitionQueue, batch: ProducerBatch, error: unknown): void {
    this.#accumulator.release(queue, batch)
    batch.fail(error)
  }

  #recoverIfPossible(queue: PartitionQueue): void {
    if (queue.broken && queue.inFlight.length === 0) this.#authority.recover(queue)
  }

  #expire(queue: PartitionQueue, nowMs: number): void {
    for (const batch of queue.waiting.filter(({ dueMs }) => dueMs <= nowMs)) {
      // An earlier one may have taken this one with it.
      if (!queue.waiting.includes(batch)) continue
      queue.waiting.splice(queue.waiting.indexOf(batch), 1)
      this.#giveUp(queue, batch, this.#timedOut(queue))
    }
    this.#recoverIfPossible(queue)
  }

  #timedOut({ topic, partition }: PartitionQueue, cause?: unknown): unknown {
    const message = `${topic}-${partition} did not acknowledge a batch within ${this.#settings.deliveryTimeoutMs} ms`
    return kafkaError('KAFKA_DELIVERY_TIMEOUT', message, { topic, partition }, cause)
  }

  #backOff(queue: PartitionQueue, nowMs: number, refresh = true): void {
    const delayMs = retryDelayMs(this.#cluster.settings, queue.failures++)
    queue.retryAtMs = nowMs + delayMs
    if (refresh) this.#cluster.refreshMetadata([queue.topic]).then(this.wake, this.wake)
    this.#arm(queue.retryAtMs)
  }

  #arm(dueMs: number): void {
    if (dueMs >= this.#timerDueMs || dueMs === Number.POSITIVE_INFINITY || this.#closed) return
    const { clock } = this.#cluster.settings
    const nowMs = clock.now()
    const delayMs = Math.min(Math.max(0, dueMs - nowMs), longestSleepMs)
    this.#cancelTimer?.()
    this.#timerDueMs = nowMs + delayMs
    this.#cancelTimer = clock.after(delayMs, () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY
      this.wake()
    })
  }
}

/**
 * Timers do not follow the time of day. When that is set forward while one runs until a batch's delivery time-out, everything
 * that comes to be due seems to be later than the timer, and would wait for it.
 */
const longestSleepMs = 1_000

/** When a queue that has nothing to send now should be looked at again. */
function nextMoment(queue: PartitionQueue, nowMs: number): number {
  const head = queue.waiting[0]
  if (head === undefined) return Number.POSITIVE_INFINITY
  const sendableMs = Math.max(queue.retryAtMs, head.closed ? 0 : head.readyMs)
  return sendableMs > nowMs ? Math.min(sendableMs, head.dueMs) : head.dueMs
}

function grouped(entries: readonly Entry[]): [string, Entry[]][] {
  const byTopic = new Map<string, Entry[]>()
  for (const entry of entries) {
    const inTopic = byTopic.get(entry.queue.topic)
    if (inTopic === undefined) byTopic.set(entry.queue.topic, [entry])
    else inTopic.push(entry)
  }
  return [...byTopic]
}
