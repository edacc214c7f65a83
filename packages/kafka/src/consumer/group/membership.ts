import { sleep } from '@millrace/base'
import { ErrorCode, type JoinGroupResponse } from '@millrace/protocol'
import type { Cluster } from '../../client/cluster.ts'
import { retryDelayMs } from '../../client/retry.ts'
import { errorCodeOf, isRetriable, kafkaError } from '../../errors.ts'
import type { GroupMetadata } from '../../producer/types.ts'
import type { ConsumerSettings, GroupOperation } from '../types.ts'
import type { GroupAssignor, RebalanceProtocol } from './assignor.ts'
import { decodeAssignment, encodeSubscription, type GroupAssignment } from './consumer-protocol.ts'
import { failureOf, type GroupMember, type GroupParts } from './group-member.ts'
import { GroupSession, type MemberIdentity, noIdentity } from './group-session.ts'
import { type GroupEvent, type GroupState, nextState } from './group-state.ts'
import { Heartbeats } from './heartbeats.ts'
import { leadGroup, type TopicCounts, topicCounts } from './leader.ts'
import { RebalanceCallbacks } from './rebalance-callbacks.ts'

interface Joined {
  readonly assignment: GroupAssignment
  readonly assignor: GroupAssignor
  /** Of the topics that were counted for the assignment; on the leader only. */
  readonly counted: TopicCounts | undefined
}

/**
 * Membership in a classic group. Requests and heartbeats run in the background; callbacks and changes of the assignment
 * happen inside of poll only (`step`), so that no partition disappears while its records are being worked on.
 */
export class Membership implements GroupMember {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #parts: GroupParts
  readonly #callbacks: RebalanceCallbacks
  readonly #session: GroupSession
  readonly #heartbeats: Heartbeats
  readonly #abort = new AbortController()
  readonly #protocol: RebalanceProtocol
  #state: GroupState = 'unjoined'
  #identity: MemberIdentity = noIdentity
  /** The member id that was last part of a generation. */
  #settledId = ''
  #reason = 'first join'
  #joined: Joined | undefined
  #error: unknown
  /** What the group no longer takes for ours, until poll has handed it to `onLost`. */
  #lostWhileJoining = false
  #counted: TopicCounts | undefined
  #countedAtMs = 0
  #counting = false

  constructor(cluster: Cluster, settings: ConsumerSettings, parts: GroupParts) {
    this.#cluster = cluster
    this.#settings = settings
    this.#parts = parts
    this.#callbacks = new RebalanceCallbacks(parts, () => this.metadata)
    this.#session = new GroupSession(cluster, settings, parts.groupId, `${parts.purpose}-group`)
    this.#protocol = commonProtocol(settings.assignors)
    this.#heartbeats = new Heartbeats(cluster.settings.clock, {
      intervalMs: settings.heartbeatIntervalMs,
      maxPollIntervalMs: settings.rebalanceTimeoutMs,
      // A JoinGroup waits for all members, and on its connection everything waits behind it.
      beat: () => this.#session.heartbeat(this.#identity, { beside: this.#state === 'joining' }),
      failed: (error) => this.#heartbeatFailed(error),
      pollMissed: () => this.#pollMissed(),
    })
  }

  get metadata(): GroupMetadata {
    const { memberId, generationId } = this.#identity
    return {
      groupId: this.#parts.groupId,
      memberId,
      generationId,
      groupInstanceId: this.#settings.groupInstanceId ?? null,
    }
  }

  get heldUntilMs(): number | undefined {
    const { confirmedAtMs, heardAtMs = Number.NEGATIVE_INFINITY } = this.#heartbeats
    if (confirmedAtMs === undefined || this.#identity.generationId < 0 || this.#lostWhileJoining) return undefined
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.#settings
    // A rebalance that began right after the group was last heard of as stable puts out whoever has not rejoined when its time is
    // over, however well the heart beats; and whether our JoinGroup has arrived is not known.
    return Math.min(Math.max(confirmedAtMs, heardAtMs) + sessionTimeoutMs, confirmedAtMs + rebalanceTimeoutMs)
  }

  get state(): GroupState {
    return this.#state
  }

  /** What poll does for the group: gives up what is lost, joins, takes over assignments. Awaits callbacks, not the broker. */
  async step(): Promise<void> {
    this.#heartbeats.polled()
    if (this.#state === 'failed') throw this.#error
    if (this.#state === 'lost' || this.#lostWhileJoining) await this.#giveUpLost()
    const joined = this.#joined
    if (joined !== undefined) {
      this.#joined = undefined
      await this.#takeOver(joined)
    }
    this.#watchTopics()
    if (this.#state !== 'unjoined') return
    if (this.#protocol === 'eager') await this.#callbacks.revoke(this.#parts.assignment.partitions())
    // A callback may have closed the consumer.
    if ((this.#state as GroupState) !== 'unjoined') return
    this.#transition('join')
    // Who keeps its partitions while it joins has to know that they are its own still.
    if (this.#protocol === 'eager') this.#heartbeats.stop()
    this.#join().catch((error: unknown) => this.#fail(error))
  }

  /** Makes the next poll join again. */
  requestRejoin(reason: string): void {
    if (this.#state !== 'stable') return
    this.#reason = reason
    this.#transition('rejoin')
    this.#parts.changed()
  }

  /** Judges what a commit was answered; the group may have moved on. */
  commitFailed(error: unknown): void {
    this.#heartbeatFailed(error)
  }

  async close(operation: GroupOperation): Promise<void> {
    const owned = this.#parts.assignment.partitions()
    const wasLost = this.#state === 'lost' || this.#lostWhileJoining
    const wasMember = this.#state !== 'left' && this.#state !== 'failed'
    this.#transition('leave')
    this.#heartbeats.stop()
    this.#session.closeBeside()
    this.#abort.abort(kafkaError('KAFKA_CLOSED', 'the consumer was closed'))
    try {
      await this.#callbacks.close(owned, wasLost)
    } finally {
      const { memberId } = this.#identity
      // A static member keeps its place for its next run (KIP-345).
      const isDynamic = this.#settings.groupInstanceId === undefined
      const leaves = operation === 'leave' || (operation === 'default' && isDynamic)
      if (leaves && wasMember && memberId !== '') await this.#session.leave(this.#identity, 'the consumer was closed')
      this.#identity = noIdentity
    }
  }

  async #join(): Promise<void> {
    for (let attempts = 0; this.#state === 'joining'; attempts++) {
      try {
        this.#joined = await this.#joinOnce()
        if (this.#state !== 'joining') return
        this.#transition('synced')
        this.#heartbeats.start()
        this.#session.closeBeside()
        this.#parts.changed()
        return
      } catch (error) {
        if (this.#state !== 'joining') return
        const next = this.#judgeJoinError(error)
        if (next === 'fail') throw error
        if (next === 'wait') {
          this.#cluster.stats.retries += 1
          await sleep(this.#cluster.settings.clock, retryDelayMs(this.#cluster.settings, attempts), this.#abort.signal)
        }
      }
    }
  }

  #judgeJoinError(error: unknown): 'now' | 'wait' | 'fail' {
    switch (errorCodeOf(error)) {
      case ErrorCode.REBALANCE_IN_PROGRESS:
        return 'now'
      case ErrorCode.UNKNOWN_MEMBER_ID:
        this.#forgetMember(true)
        return 'now'
      case ErrorCode.ILLEGAL_GENERATION:
        this.#forgetMember(false)
        return 'now'
      case ErrorCode.FENCED_INSTANCE_ID:
        if (this.#identity.memberId === '' || this.#identity.memberId === this.#settledId) return 'fail'
        // An id that no generation came of yet is known to the coordinator's memory alone: after a crash of its broker the name is our
        // predecessor's again (KIP-345). Asking under the name alone takes it back; who asked so and is fenced has a rival.
        this.#forgetMember(true)
        return 'now'
      default:
        return isRetriable(error) ? 'wait' : 'fail'
    }
  }

  async #joinOnce(): Promise<Joined> {
    const { assignors } = this.#settings
    const protocols: { name: string; metadata: Buffer }[] = []
    for (const assignor of assignors) {
      const userData = (await assignor.userData?.(this.#parts.topics)) ?? null
      const ownedPartitions = this.#lostWhileJoining ? [] : this.#parts.assignment.partitions()
      const { generationId } = this.#identity
      const subscription = { topics: this.#parts.topics, userData, ownedPartitions, generationId, rackId: null }
      protocols.push({ name: assignor.name, metadata: encodeSubscription(subscription) })
    }
    let response = await this.#session.join(this.#identity, protocols, this.#reason)
    if (response.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#identity = { memberId: response.memberId, generationId: -1 }
      response = await this.#session.join(this.#identity, protocols, this.#reason)
    }
    const { memberId, generationId, protocolName } = response
    this.#identity = { memberId, generationId }
    const assignor = assignors.find(({ name }) => name === protocolName)
    if (assignor === undefined) throw new TypeError(`the group chose assignor ${protocolName}, which is not configured`)
    const led = await this.#lead(response, assignor)
    const askedAtMs = this.#cluster.settings.clock.now()
    const synced = await this.#session.sync(this.#identity, assignor.name, led?.assignments ?? [])
    this.#settledId = memberId
    // Not since the answer to JoinGroup, which may have been long on its way.
    this.#heartbeats.confirmedAtMs = askedAtMs
    return { assignment: decodeAssignment(synced.assignment), assignor, counted: led?.counted }
  }

  async #lead(response: JoinGroupResponse, assignor: GroupAssignor) {
    const { leader, memberId, skipAssignment } = response
    if (leader !== memberId) return undefined
    const led = await leadGroup(this.#cluster, response, assignor)
    // A static leader that came back is told the old assignment; it still watches the topics (KIP-814).
    return skipAssignment ? { assignments: [], counted: led.counted } : led
  }

  async #takeOver({ assignment, assignor, counted }: Joined): Promise<void> {
    const { assignment: current, listener } = this.#parts
    this.#counted = counted
    this.#countedAtMs = this.#cluster.settings.clock.now()
    const assigned = assignment.partitions
    const { revoked, added } = this.#callbacks.difference(assigned)
    // A callback that throws fails the poll, but not before the assignment is what the group thinks it is.
    const errors: unknown[] = []
    const note = (error: unknown): void => void errors.push(error)
    await attempt(() => assignor.onAssignment?.(assigned, assignment.userData, this.#identity.generationId)).catch(note)
    if (revoked.length > 0) {
      await this.#callbacks.revoke(revoked).catch(note)
      // What was given up can only go to its new owner in another rebalance (KIP-429).
      this.requestRejoin('partitions were revoked')
    }
    this.#callbacks.publish('assigned', added)
    for (const one of added) current.add(one)
    await attempt(() => listener.onAssigned?.(added)).catch(note)
    if (errors.length > 0) throw errors[0]
  }

  async #giveUpLost(): Promise<void> {
    this.#lostWhileJoining = false
    if (this.#state === 'lost') this.#transition('lostHandled')
    await this.#callbacks.lose()
  }

  /** Returns whether the member is one still. */
  #heartbeatFailed(error: unknown): boolean {
    const errorCode = errorCodeOf(error)
    if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) this.requestRejoin('the group is rebalancing')
    else if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#lose('the coordinator does not know the member', true)
    else if (errorCode === ErrorCode.ILLEGAL_GENERATION) this.#lose('the generation has passed', false)
    else if (errorCode === ErrorCode.FENCED_INSTANCE_ID) this.#fail(error)
    return errorCode === ErrorCode.REBALANCE_IN_PROGRESS
  }

  #pollMissed(): void {
    // The rebalance puts out who does not take part in it.
    if (this.#state === 'joining') return
    const identity = this.#identity
    this.#lose('poll was not called within rebalanceTimeoutMs', true)
    if (this.#settings.groupInstanceId === undefined) {
      this.#session.leave(identity, 'poll was not called in time').catch(() => {})
    }
  }

  #lose(reason: string, forgetId: boolean): void {
    // While joining, the join itself finds out.
    if (this.#state !== 'stable' && this.#state !== 'unjoined') return
    this.#reason = reason
    this.#heartbeats.stop()
    this.#identity = forgetId ? noIdentity : { ...this.#identity, generationId: -1 }
    this.#joined = undefined
    this.#transition('lose')
    this.#parts.changed()
  }

  #forgetMember(forgetId: boolean): void {
    this.#heartbeats.stop()
    this.#identity = forgetId ? noIdentity : { ...this.#identity, generationId: -1 }
    if (this.#parts.assignment.size === 0) return
    this.#lostWhileJoining = true
    this.#parts.changed()
  }

  #fail(error: unknown): void {
    this.#error = failureOf(error, this.#settings.groupInstanceId)
    this.#heartbeats.stop()
    this.#transition('fail')
    this.#parts.changed()
  }

  /** The leader asks for a rebalance when topics appear, grow or go. */
  #watchTopics(): void {
    const counted = this.#counted
    if (this.#state !== 'stable' || counted === undefined || this.#counting) return
    const { clock, metadataMaxAgeMs } = this.#cluster.settings
    const missing = counted.counts.size < counted.topics.size
    const maxAgeMs = missing ? Math.min(missingTopicCheckMs, metadataMaxAgeMs) : metadataMaxAgeMs
    if (clock.now() - this.#countedAtMs < maxAgeMs) return
    this.#counting = true
    topicCounts(this.#cluster, [...counted.topics])
      .then((now) => {
        const differs = [...counted.topics].some((topic) => counted.counts.get(topic) !== now.counts.get(topic))
        if (differs) this.requestRejoin('the topics have changed')
      })
      .catch(() => {})
      .finally(() => {
        this.#counting = false
        this.#countedAtMs = this.#cluster.settings.clock.now()
      })
  }

  #transition(event: GroupEvent): void {
    this.#state = nextState(this.#state, event)
  }
}

async function attempt(callback: () => void | Promise<void> | undefined): Promise<void> {
  await callback()
}

/** A topic that does not exist yet is looked for this often. */
const missingTopicCheckMs = 1_000

/** Cooperative only if every assignor can: members that roll from one to the other offer both (KIP-429). */
function commonProtocol(assignors: readonly GroupAssignor[]): RebalanceProtocol {
  if (assignors.length === 0) throw new TypeError('a consumer group needs at least one assignor')
  return assignors.every(({ supportedProtocols }) => supportedProtocols.includes('cooperative'))
    ? 'cooperative'
    : 'eager'
}
