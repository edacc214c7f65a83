import { sleep } from '@millrace/base'
import { apis, ErrorCode } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import { fetchCommitted } from '../client/committed-offsets.ts'
import { earliestTimestamp, latestTimestamp, listOffsets } from '../client/list-offsets.ts'
import { brokerError, errorCodeOf, kafkaError } from '../errors.ts'
import { offsetCommitTopics } from '../offset-topics.ts'
import type { GroupMetadata, TopicPartition, TopicPartitionOffset } from '../producer/types.ts'
import { Assignment } from './assignment.ts'
import { Fetcher } from './fetcher.ts'
import { ConsumerMembership } from './group/consumer-membership.ts'
import type { GroupMember } from './group/group-member.ts'
import { Membership } from './group/membership.ts'
import { Positions } from './positions.ts'
import { recordsOf } from './records.ts'
import { consumerSettings } from './settings.ts'
import { Signal } from './signal.ts'
import type {
  CloseOptions,
  ConsumedRecord,
  ConsumerOptions,
  ConsumerSettings,
  FetchedPartition,
  GroupOperation,
  RebalanceListener,
} from './types.ts'

/**
 * Reads record batches as they are in the log. One poll at a time; records are fetched ahead meanwhile.
 *
 * @example
 * await using consumer = client.consumer({ groupId: 'shop' })
 * consumer.subscribe({ topics: ['order'] })
 * for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 1_000 })) {
 *   for (const batch of batches) {
 *     for (const cursor = batch.cursor(); cursor.next(); ) if (cursor.offset >= firstOffset) use(cursor.valueBytes())
 *   }
 * }
 * await consumer.commit()
 */
export interface Consumer extends AsyncDisposable {
  /** Joins the group with the next poll, and reads what the group assigns. */
  subscribe(options: { readonly topics: readonly string[] } & RebalanceListener): void
  /** Reads exactly these partitions, without a group; what was assigned before keeps its position. */
  assign(partitions: readonly TopicPartition[]): void
  /**
   * Returns what has arrived, at the latest after `timeoutMs` with nothing. Rebalance callbacks run in here. Fails with
   * KAFKA_NO_OFFSET, KAFKA_CORRUPT_BATCH, KAFKA_FENCED, or a broker's error that is not retriable.
   */
  poll(options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<FetchedPartition[]>
  /** Record by record, copied out of the batches; ends with the signal or with `close`. Commits nothing. */
  records(options?: { readonly signal?: AbortSignal }): AsyncIterableIterator<ConsumedRecord>
  /** The next poll begins at `offset`. */
  seek(position: TopicPartition & { readonly offset: number }): void
  seekToBeginning(partitions: readonly TopicPartition[]): Promise<void>
  seekToEnd(partitions: readonly TopicPartition[]): Promise<void>
  /** The next offset that poll returns; undefined while it is being found out. */
  position(partition: TopicPartition): number | undefined
  /** What lies between the position and the end (with read_committed the last stable offset), as far as the last fetch knew. */
  lag(partition: TopicPartition): number | undefined
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  assignment(): TopicPartition[]
  /** For `producer.sendOffsets`. */
  groupMetadata(): GroupMetadata
  /**
   * Until when (in the clock's milliseconds) the coordinator gives nobody else what is assigned here, by its last answer and
   * the session time-out; undefined outside of a classic group. A static member's place goes to a process of the same
   * instance id at once.
   */
  heldUntilMs(): number | undefined
  /** Makes the group rebalance, for assignors that have news. */
  requestRejoin(reason: string): void
  /** Default: the positions of everything assigned. Fails when the group has moved on. */
  commit(offsets?: readonly TopicPartitionOffset[]): Promise<void>
  /** Waits for offsets that an open transaction may still change; partitions without one are left out. */
  committed(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]>
  /** With read_committed the last stable offsets, else the high watermarks. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]>
  beginningOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]>
  /** The first offsets at or after a moment (epoch milliseconds); partitions without one are left out. */
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<(TopicPartitionOffset & { readonly timestamp: number })[]>
  /** Calls `onRevoked`, leaves the group (static members stay in it unless told otherwise), and closes the connections. */
  close(options?: CloseOptions): Promise<void>
}

/** How often, and how long apart, a commit in an epoch that has passed is tried in the next one. */
const staleCommitRetries = 5
const staleCommitRetryMs = 100

export function createConsumer(
  cluster: Cluster,
  purpose: string,
  options: ConsumerOptions,
  onClose: () => void,
): Consumer {
  return new KafkaConsumer(cluster, purpose, consumerSettings(options), onClose)
}

class KafkaConsumer implements Consumer {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #purpose: string
  readonly #onClose: () => void
  readonly #assignment = new Assignment()
  readonly #changed: Signal
  readonly #fetcher: Fetcher
  readonly #positions: Positions
  #membership: GroupMember | undefined
  #polling = false
  #closing: Promise<void> | undefined
  #closed = false

  constructor(cluster: Cluster, purpose: string, settings: ConsumerSettings, onClose: () => void) {
    this.#cluster = cluster
    this.#settings = settings
    this.#purpose = purpose
    this.#onClose = onClose
    this.#changed = new Signal(cluster.settings.clock)
    const parts = { assignment: this.#assignment, purpose, changed: () => this.#changed.raise() }
    this.#fetcher = new Fetcher(cluster, settings, parts)
    this.#positions = new Positions(cluster, settings, parts)
  }

  subscribe(options: { topics: readonly string[] } & RebalanceListener): void {
    this.#assertOpen()
    if (this.#membership !== undefined) throw new TypeError('this consumer has subscribed already; open another one')
    if (this.#assignment.size > 0) throw new TypeError('this consumer has partitions assigned by hand')
    const { topics, ...listener } = options
    const parts = { topics: [...new Set(topics)], listener, assignment: this.#assignment, purpose: this.#purpose }
    const changed = (): void => this.#changed.raise()
    const Protocol = this.#settings.groupProtocol === 'consumer' ? ConsumerMembership : Membership
    this.#membership = new Protocol(this.#cluster, this.#settings, { ...parts, groupId: this.#groupId(), changed })
  }

  assign(partitions: readonly TopicPartition[]): void {
    this.#assertOpen()
    if (this.#membership !== undefined) throw new TypeError('a consumer that subscribed takes what its group assigns')
    this.#assignment.replace(partitions)
    this.#positions.start()
    this.#changed.raise()
  }

  async poll(options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<FetchedPartition[]> {
    const { timeoutMs = 0, signal } = options
    if (this.#polling) throw new TypeError('poll is running already; a consumer has one reader')
    this.#polling = true
    const dueMs = this.#cluster.settings.clock.now() + timeoutMs
    try {
      for (;;) {
        this.#assertOpen()
        signal?.throwIfAborted()
        const seen = this.#changed.count
        await this.#membership?.step()
        this.#positions.start()
        const taken = this.#fetcher.take()
        this.#fetcher.start()
        const leftMs = dueMs - this.#cluster.settings.clock.now()
        // More left than there was: somebody has set the clock back, and the due time lies far away.
        if (taken.length > 0 || leftMs <= 0 || leftMs > timeoutMs) return taken
        await this.#changed.wait(seen, Math.min(leftMs, this.#settings.heartbeatIntervalMs), signal)
      }
    } finally {
      this.#polling = false
    }
  }

  records(options: { signal?: AbortSignal } = {}): AsyncIterableIterator<ConsumedRecord> {
    return recordsOf(this, () => this.#closing !== undefined, options.signal)
  }

  seek({ topic, partition, offset }: TopicPartition & { offset: number }): void {
    this.#assignment.require({ topic, partition }).seek(offset)
    this.#fetcher.start()
  }

  async seekToBeginning(partitions: readonly TopicPartition[]): Promise<void> {
    for (const found of await this.beginningOffsets(partitions)) this.seek(found)
  }

  async seekToEnd(partitions: readonly TopicPartition[]): Promise<void> {
    for (const found of await this.endOffsets(partitions)) this.seek(found)
  }

  position(partition: TopicPartition): number | undefined {
    return this.#assignment.require(partition).position
  }

  lag(partition: TopicPartition): number | undefined {
    const { position, highWatermark, lastStableOffset } = this.#assignment.require(partition)
    const end = this.#settings.isolation === 'read_committed' ? lastStableOffset : highWatermark
    return position === undefined || end < 0 ? undefined : Math.max(0, end - position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#assignment.require(one).paused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.#assignment.require(one).paused = false
    this.#fetcher.start()
    this.#changed.raise()
  }

  assignment(): TopicPartition[] {
    return this.#assignment.partitions()
  }

  groupMetadata(): GroupMetadata {
    const { groupInstanceId = null } = this.#settings
    return this.#membership?.metadata ?? { groupId: this.#groupId(), generationId: -1, memberId: '', groupInstanceId }
  }

  heldUntilMs(): number | undefined {
    return this.#membership?.heldUntilMs
  }

  requestRejoin(reason: string): void {
    this.#membership?.requestRejoin(reason)
  }

  async commit(offsets: readonly TopicPartitionOffset[] = this.#allPositions()): Promise<void> {
    // While it is being closed, `onRevoked` may still commit.
    if (this.#closed) throw kafkaError('KAFKA_CLOSED', 'the consumer is closed')
    if (offsets.length === 0) return
    for (let retries = 0; ; retries++) {
      const { memberId, groupId } = this.groupMetadata()
      // Under the name of a static member alone it would be answered as if another process had the name.
      if (this.#membership && memberId === '') {
        throw brokerError(ErrorCode.UNKNOWN_MEMBER_ID, 'the consumer is in no generation of its group', { groupId })
      }
      try {
        await this.#commitOnce(offsets)
        return
      } catch (error) {
        // Of whom the consumer was before it joined anew it says nothing.
        if (this.groupMetadata().memberId === memberId) this.#membership?.commitFailed(error)
        // The group is in its next epoch and the answer that says so is on its way (KIP-848).
        const isStale = errorCodeOf(error) === ErrorCode.STALE_MEMBER_EPOCH
        if (!isStale || retries === staleCommitRetries || this.groupMetadata().generationId < 0) throw error
        await sleep(this.#cluster.settings.clock, staleCommitRetryMs)
      }
    }
  }

  async #commitOnce(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const { groupId, generationId: generationIdOrMemberEpoch, memberId, groupInstanceId } = this.groupMetadata()
    const member = { groupId, generationIdOrMemberEpoch, memberId, groupInstanceId }
    const body = { ...member, topics: offsetCommitTopics(offsets) }
    const to = { coordinator: { type: 'group', key: groupId } } as const
    // Version 10 names topics by id.
    const request = { to, purpose: this.#purpose, maxVersion: 9 }
    await this.#cluster.requestRetrying(apis.OffsetCommit, body, request, ({ topics }) => {
      for (const { name: topic, partitions } of topics) {
        for (const { partitionIndex: partition, errorCode } of partitions) {
          if (errorCode === 0) continue
          throw brokerError(errorCode, `commit of ${topic}-${partition}`, { groupId, topic, partition })
        }
      }
    })
  }

  committed(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    return fetchCommitted(this.#cluster, this.#groupId(), partitions, { purpose: this.#purpose })
  }

  async endOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    return this.#listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: latestTimestamp })),
    )
  }

  async beginningOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    return this.#listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp: earliestTimestamp })),
    )
  }

  async offsetsForTimes(times: readonly (TopicPartition & { timestamp: number })[]) {
    return (await this.#listOffsets(times)).filter(({ offset }) => offset >= 0)
  }

  close({ group = 'default' }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(group)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(group: GroupOperation): Promise<void> {
    // The field must be set before a callback or a waiting poll looks at it.
    await Promise.resolve()
    this.#changed.raise()
    try {
      await this.#membership?.close(group)
    } finally {
      this.#closed = true
      this.#fetcher.close()
      this.#assignment.replace([])
      this.#cluster.pool.closePurpose(this.#purpose)
      this.#cluster.pool.closePurpose(`${this.#purpose}-group`)
      this.#onClose()
    }
  }

  #listOffsets(queries: readonly (TopicPartition & { timestamp: number })[]) {
    const { isolation } = this.#settings
    return listOffsets(this.#cluster, queries, { isolation, purpose: this.#purpose })
  }

  #allPositions(): TopicPartitionOffset[] {
    return [...this.#assignment].flatMap(({ topic, partition, position, leaderEpoch }) =>
      position === undefined ? [] : [{ topic, partition, offset: position, leaderEpoch }],
    )
  }

  #groupId(): string {
    const { groupId } = this.#settings
    if (groupId === undefined) throw new TypeError('this needs a groupId')
    return groupId
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw kafkaError('KAFKA_CLOSED', 'the consumer is closed')
  }
}
