import { apis, ErrorCode } from '@millrace/protocol'
import type { Cluster } from '../../client/cluster.ts'
import { retryDelayMs } from '../../client/retry.ts'
import { brokerError, errorCodeOf, isRetriable } from '../../errors.ts'
import type { GroupMetadata, TopicPartition } from '../../producer/types.ts'
import type { ConsumerSettings, GroupOperation } from '../types.ts'
import { failureOf, type GroupMember, type GroupParts } from './group-member.ts'
import { type GroupEvent, type GroupState, nextState } from './group-state.ts'
import { RebalanceCallbacks } from './rebalance-callbacks.ts'

/** Member epochs with a meaning of their own. */
const epochs = { join: 0, leave: -1, leaveStatic: -2 } as const

const leaveTimeoutMs = 5_000
/** Until the broker has named its interval. */
const firstIntervalMs = 1_000

/**
 * Membership in a group of the consumer protocol (KIP-848): the broker assigns, and one request, the heartbeat, says what
 * this member owns and learns what it is to own. Heartbeats run in the background; callbacks and changes of the
 * assignment happen inside of poll only (`step`).
 */
export class ConsumerMembership implements GroupMember {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #parts: GroupParts
  readonly #callbacks: RebalanceCallbacks
  readonly #memberId: string
  #state: GroupState = 'unjoined'
  #epoch: number = epochs.join
  #intervalMs = firstIntervalMs
  /** What the broker assigns and poll has not taken over. */
  #target: readonly TopicPartition[] | undefined
  /** What is owned has not been reported as it is now. */
  #mustReport = true
  /** The broker may have missed what was said before. */
  #mustSayAll = true
  #polledAtMs: number
  #attempts = 0
  #error: unknown
  #cancel: (() => void) | undefined
  /** Rises with every start and stop, so that what an earlier run has on its way is ignored. */
  #run = 0
  #beating = false

  constructor(cluster: Cluster, settings: ConsumerSettings, parts: GroupParts) {
    this.#cluster = cluster
    this.#settings = settings
    this.#parts = parts
    this.#callbacks = new RebalanceCallbacks(parts, () => this.metadata)
    this.#memberId = newMemberId(cluster)
    this.#polledAtMs = cluster.settings.clock.now()
  }

  get metadata(): GroupMetadata {
    const { groupInstanceId = null } = this.#settings
    // Whoever is not in the group has no epoch to commit in.
    const generationId = this.#epoch > epochs.join ? this.#epoch : -1
    return { groupId: this.#parts.groupId, memberId: this.#memberId, generationId, groupInstanceId }
  }

  async step(): Promise<void> {
    this.#polledAtMs = this.#cluster.settings.clock.now()
    if (this.#state === 'failed') throw this.#error
    if (this.#state === 'lost') {
      this.#transition('lostHandled')
      await this.#callbacks.lose()
    }
    const target = this.#target
    if (target !== undefined) await this.#takeOver(target)
    // A callback may have closed the consumer.
    if (this.#state !== 'unjoined') return
    this.#transition('join')
    this.#start()
  }

  /** Nothing to ask for: the broker watches topics and members itself. */
  requestRejoin(): void {}

  commitFailed(error: unknown): void {
    const errorCode = errorCodeOf(error)
    // The next heartbeat brings the epoch to commit in.
    if (errorCode === ErrorCode.STALE_MEMBER_EPOCH) this.#beatNow()
    else if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#lose()
  }

  async close(operation: GroupOperation): Promise<void> {
    const owned = this.#parts.assignment.partitions()
    const wasLost = this.#state === 'lost'
    const isMember = this.#epoch > epochs.join && this.#state !== 'failed'
    this.#transition('leave')
    this.#stop()
    try {
      await this.#callbacks.close(owned, wasLost)
    } finally {
      if (isMember) await this.#leave(operation)
      this.#epoch = epochs.join
    }
  }

  /** Best effort: a member that cannot say goodbye is missed after its session time. */
  async #leave(operation: GroupOperation): Promise<void> {
    const isStatic = this.#settings.groupInstanceId !== undefined
    if (operation === 'remain' && !isStatic) return
    // A static member says that it will be back: its next process need not wait for the session to end.
    const memberEpoch = isStatic && operation !== 'leave' ? epochs.leaveStatic : epochs.leave
    const options = { to: this.#to, purpose: `${this.#parts.purpose}-leave`, timeoutMs: leaveTimeoutMs }
    await this.#cluster
      .request(apis.ConsumerGroupHeartbeat, { ...this.#identity, memberEpoch }, options)
      .catch(() => {})
    this.#cluster.pool.closePurpose(`${this.#parts.purpose}-leave`)
  }

  get #to() {
    return { coordinator: { type: 'group', key: this.#parts.groupId } } as const
  }

  get #identity() {
    const { groupInstanceId: instanceId = null } = this.#settings
    return { groupId: this.#parts.groupId, memberId: this.#memberId, memberEpoch: this.#epoch, instanceId }
  }

  #start(): void {
    this.#stop()
    this.#beat(this.#run).catch((error: unknown) => this.#fail(error))
  }

  #stop(): void {
    this.#run += 1
    this.#beating = false
    this.#cancel?.()
    this.#cancel = undefined
  }

  #beatNow(): void {
    if (this.#state !== 'stable' || this.#beating) return
    this.#cancel?.()
    this.#beat(this.#run).catch((error: unknown) => this.#fail(error))
  }

  #beatAfter(delayMs: number): void {
    const run = this.#run
    this.#cancel = this.#cluster.settings.clock.after(delayMs, () => {
      this.#beat(run).catch((error: unknown) => this.#fail(error))
    })
  }

  async #beat(run: number): Promise<void> {
    const { clock } = this.#cluster.settings
    if (this.#state === 'stable' && clock.now() - this.#polledAtMs > this.#settings.rebalanceTimeoutMs) {
      this.#pollMissed()
      return
    }
    this.#beating = true
    try {
      await this.#beatOnce(run)
      if (run !== this.#run) return
      this.#attempts = 0
      this.#beating = false
      this.#beatAfter(this.#mustReport ? 0 : this.#intervalMs)
    } catch (error) {
      if (run !== this.#run) return
      this.#beating = false
      // Whether the broker has heard it is unknown.
      this.#mustSayAll = true
      this.#judge(error)
    }
  }

  async #beatOnce(run: number): Promise<void> {
    const { rebalanceTimeoutMs, serverAssignor = null } = this.#settings
    const saysAll = this.#mustSayAll || this.#epoch === epochs.join
    const reports = saysAll || this.#mustReport
    const body = {
      ...this.#identity,
      rebalanceTimeoutMs: saysAll ? rebalanceTimeoutMs : -1,
      subscribedTopicNames: saysAll ? [...this.#parts.topics] : null,
      serverAssignor: saysAll ? serverAssignor : null,
      topicPartitions: reports ? this.#owned() : null,
    }
    this.#mustReport = false
    const purpose = `${this.#parts.purpose}-group`
    const answer = await this.#cluster.request(apis.ConsumerGroupHeartbeat, body, { to: this.#to, purpose })
    if (run !== this.#run) return
    this.#check(answer.errorCode, answer.errorMessage)
    const target = answer.assignment && (await this.#named(answer.assignment.topicPartitions))
    if (run !== this.#run) return
    this.#mustSayAll = false
    this.#epoch = answer.memberEpoch
    this.#intervalMs = Math.max(1, answer.heartbeatIntervalMs)
    if (this.#state === 'joining') this.#transition('synced')
    if (target === null) return
    this.#target = target
    this.#parts.changed()
  }

  /**
   * What the broker must take for ours: with what poll is about to take over, since nobody else may get that once an
   * answer to this goes missing.
   */
  #owned(): { topicId: string; partitions: number[] }[] {
    if (this.#epoch === epochs.join) return []
    const topics = new Map<string, Set<number>>()
    for (const { topic, partition } of [...this.#parts.assignment.partitions(), ...(this.#target ?? [])]) {
      const topicId = this.#cluster.metadata.topic(topic)?.topicId
      if (topicId !== undefined) topics.set(topicId, (topics.get(topicId) ?? new Set()).add(partition))
    }
    return Array.from(topics, ([topicId, partitions]) => ({ topicId, partitions: [...partitions] }))
  }

  /** Topics by name; those that have gone meanwhile are left out. */
  async #named(
    list: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
  ): Promise<TopicPartition[]> {
    const { metadata } = this.#cluster
    if (list.some(({ topicId }) => metadata.topicName(topicId) === undefined)) {
      await this.#cluster.refreshMetadata(this.#parts.topics)
    }
    return list.flatMap(({ topicId, partitions }) => {
      const topic = metadata.topicName(topicId)
      return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }))
    })
  }

  #check(errorCode: number, message: string | null): void {
    if (errorCode === 0) return
    const { groupId } = this.#parts
    const what = `ConsumerGroupHeartbeat of group ${groupId}${message === null ? '' : ` (${message})`}`
    const error = brokerError(errorCode, what, { groupId })
    this.#cluster.checked(this.#to, () => {
      throw error
    })
  }

  #judge(error: unknown): void {
    switch (errorCodeOf(error)) {
      case ErrorCode.FENCED_MEMBER_EPOCH:
      case ErrorCode.UNKNOWN_MEMBER_ID:
        if (this.#state === 'joining') this.#retry()
        else this.#lose()
        return
      case ErrorCode.GROUP_ID_NOT_FOUND:
        // A group that is gone is lost; one that must not be joined is an error.
        if (this.#state === 'joining') this.#fail(error)
        else this.#lose()
        return
      default:
        if (isRetriable(error)) this.#retry()
        else this.#fail(error)
    }
  }

  #retry(): void {
    this.#cluster.stats.retries += 1
    this.#beatAfter(retryDelayMs(this.#cluster.settings, this.#attempts++))
  }

  async #takeOver(target: readonly TopicPartition[]): Promise<void> {
    const { assignment, listener } = this.#parts
    const { revoked, added } = this.#callbacks.difference(target)
    // A callback that throws fails the poll, but not before the assignment is what the group thinks it is.
    const errors: unknown[] = []
    if (revoked.length > 0) await this.#callbacks.revoke(revoked).catch((error: unknown) => void errors.push(error))
    // What came while the callback ran is newer than what this would take over.
    if (this.#target !== target || this.#state !== 'stable') {
      if (errors.length > 0) throw errors[0]
      return
    }
    this.#target = undefined
    for (const one of added) assignment.add(one)
    if (revoked.length > 0 || added.length > 0) {
      this.#mustReport = true
      this.#beatNow()
    }
    this.#callbacks.publish('assigned', added)
    try {
      await listener.onAssigned?.(added)
    } catch (error) {
      errors.push(error)
    }
    if (errors.length > 0) throw errors[0]
  }

  #pollMissed(): void {
    const leaving = this.#leave('default')
    this.#lose()
    leaving.catch(() => {})
  }

  #lose(): void {
    if (this.#state !== 'stable') return
    this.#stop()
    this.#epoch = epochs.join
    this.#target = undefined
    this.#mustSayAll = true
    this.#transition('lose')
    this.#parts.changed()
  }

  #fail(error: unknown): void {
    if (this.#state === 'left') return
    this.#error = failureOf(error, this.#settings.groupInstanceId)
    this.#stop()
    this.#transition('fail')
    this.#parts.changed()
  }

  #transition(event: GroupEvent): void {
    this.#state = nextState(this.#state, event)
  }
}

/** Members make their own ids, and keep them for as long as the process lives (KIP-1082). */
function newMemberId({ settings }: Cluster): string {
  const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(settings.random.next() * 256))
  return Buffer.from(bytes).toString('base64url')
}
