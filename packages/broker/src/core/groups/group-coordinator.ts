import type { Clock, Random } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import { isStored } from '../coordinators/storage-failure.ts'
import type { ClassicGroup } from './classic-group.ts'
import { ClassicMembers } from './consumer/classic-members.ts'
import { checkConsumerFetch } from './consumer/commit-check.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import { consumerGroupAnswers } from './consumer/consumer-group-state.ts'
import { type ConsumerGroupSettings, ConsumerGroups } from './consumer/consumer-groups.ts'
import { type ConsumerHeartbeat, ConsumerHeartbeats, type HeartbeatResult } from './consumer/consumer-heartbeat.ts'
import { GroupChange, snapshotRecords } from './consumer/group-change.ts'
import { GroupRefusal } from './consumer/group-refusal.ts'
import { isDowngrade, toClassicGroup, toConsumerGroup, upgradeProblem } from './consumer/migration.ts'
import type { GroupTopics } from './consumer/target-assignment.ts'
import type { JoinResult, SyncResult } from './group-member.ts'
import { groupTombstone } from './group-records.ts'
import { type Group, GroupStore } from './group-store.ts'
import { randomMemberId } from './member-id.ts'
import { GroupMembership, type JoinRequest, type MemberIdentity, type SyncRequest } from './membership.ts'
import { OffsetCommits } from './offset-commits.ts'
import { joinError, syncError } from './rebalance.ts'

/** The answer to a heartbeat, or why there is none. */
export type HeartbeatAnswer =
  | ({ readonly errorCode: 0 } & HeartbeatResult)
  | { readonly errorCode: number; readonly errorMessage: string | null }

/**
 * Coordinator of all groups, whatever their type. Callbacks may be called before the method that takes them returns.
 *
 * Invariants:
 * 1. What a client was told survives what the log's durability says it survives: the answer waits for the record.
 * 2. A partition of the group's topics belongs to at most one member of a generation, as its leader assigned it; members
 *    of earlier generations can neither commit nor learn an assignment. For consumer groups see `ConsumerGroup`.
 * 3. A group has one type at a time. It changes in one batch of records, and offsets stay as they are.
 */
export class GroupCoordinator {
  readonly store: GroupStore
  readonly commits: OffsetCommits
  readonly #clock: Clock
  readonly #config: BrokerConfig
  readonly #topics: GroupTopics
  readonly #membership: GroupMembership
  readonly #consumers: ConsumerGroups
  readonly #heartbeats: ConsumerHeartbeats
  readonly #classicMembers: ClassicMembers
  #cancelExpiry: () => void = () => {}

  constructor(options: {
    readonly clock: Clock
    readonly random: Random
    readonly config: BrokerConfig
    readonly log: CoordinatorLog
    readonly topics: GroupTopics
    /** What a consumer group has set for itself, the broker's settings for the rest. */
    settings(groupId: string): ConsumerGroupSettings
  }) {
    const { clock, random, config, log, topics, settings } = options
    this.#clock = clock
    this.#config = config
    this.#topics = topics
    const store = new GroupStore(log, clock)
    this.store = store
    this.#membership = new GroupMembership({
      clock,
      random,
      config,
      persist: (group) => store.persistGroup(group),
      whenCommitted: (group, done) => store.whenCommitted(group.groupId, done),
    })
    this.commits = new OffsetCommits({ store, clock, config, topics, membership: this.#membership })
    this.#consumers = new ConsumerGroups({
      clock,
      config,
      topics,
      store,
      settings,
      newMemberId: () => randomMemberId(random),
      downgrade: (group, leaving) => this.#downgrade(group, leaving),
    })
    this.#heartbeats = new ConsumerHeartbeats(this.#consumers, (groupId, isJoin) => this.#open(groupId, isJoin))
    this.#classicMembers = new ClassicMembers(this.#consumers)
  }

  /** Call once: members that were in a group when the broker stopped get their session time to come back. */
  start(): void {
    for (const group of this.store.groups.values()) {
      if (group.type === 'classic') this.#keepAlive(group)
      else this.#consumers.watchAll(group)
    }
    this.commits.dropOffsetsOfNoTopic()
    this.#scheduleExpiry()
  }

  #keepAlive(group: ClassicGroup): void {
    for (const member of group.members.values()) this.#membership.rebalance.keepAlive(group, member)
  }

  close(): void {
    this.#cancelExpiry()
    this.#consumers.close()
    for (const group of this.store.groups.values()) if (group.type === 'classic') this.#stopTimers(group)
  }

  #stopTimers(group: ClassicGroup): void {
    group.cancelPhase?.()
    for (const cancel of group.pendingMembers.values()) cancel()
    for (const member of group.members.values()) this.#membership.rebalance.endSession(member)
  }

  group(groupId: string): Group | undefined {
    return this.store.groups.get(groupId)
  }

  groups(): Iterable<Group> {
    return this.store.groups.values()
  }

  /** The name of the assignor that a consumer group goes by. */
  assignorOf(group: ConsumerGroup): string {
    return this.#consumers.assignorName(group)
  }

  /** ConsumerGroupHeartbeat: joins, stays or leaves. */
  consumerHeartbeat(request: ConsumerHeartbeat, respond: (answer: HeartbeatAnswer) => void): void {
    const refuse = (errorCode: number, errorMessage: string | null): void => respond({ errorCode, errorMessage })
    this.#answering(
      request.groupId,
      () => this.#heartbeats.heartbeat(request),
      (result) => respond({ errorCode: ErrorCode.NONE, ...result }),
      refuse,
    )
  }

  /** Does what a request to a consumer group asks and answers when that is safe, or says why it is refused. */
  #answering<T>(
    groupId: string,
    act: () => T,
    respond: (result: T) => void,
    refuse: (errorCode: number, message: string | null) => void,
  ): void {
    try {
      let result: T | undefined
      const isDone = isStored(() => {
        result = act()
      })
      if (!isDone) refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE, null)
      else {
        this.store.whenCommitted(groupId, (errorCode) => {
          if (errorCode === ErrorCode.NONE) respond(result as T)
          else refuse(errorCode, null)
        })
      }
    } catch (error) {
      if (!(error instanceof GroupRefusal)) throw error
      refuse(error.errorCode, error.message)
    }
  }

  /** The group that a member of the new protocol joins, made or converted where that may be. */
  #open(groupId: string, isJoin: boolean): GroupChange {
    const group = this.group(groupId)
    if (group?.type === 'consumer') return new GroupChange(group)
    if (!isJoin) {
      const what = group ? `Group ${groupId} is not a consumer group.` : `Consumer group ${groupId} not found.`
      throw new GroupRefusal(ErrorCode.GROUP_ID_NOT_FOUND, what)
    }
    if (!group) return new GroupChange(new ConsumerGroup(groupId))
    if (group.state === 'Empty' && group.pendingMembers.size === 0) {
      // One without a protocol only holds offsets and has no record of its own.
      const first = group.protocolType === null && group.generationId === 0 ? [] : [groupTombstone(groupId)]
      return new GroupChange(new ConsumerGroup(groupId), first)
    }
    return this.#upgrade(group)
  }

  #upgrade(group: ClassicGroup): GroupChange {
    const { groupId } = group
    const problem = upgradeProblem(group, this.#config)
    const converted = problem === undefined ? toConsumerGroup(group, this.#topics) : undefined
    if (!converted) {
      const why = problem ?? 'the embedded consumer protocol is malformed'
      throw new GroupRefusal(
        ErrorCode.GROUP_ID_NOT_FOUND,
        `Cannot upgrade classic group ${groupId} to consumer group because ${why}.`,
      )
    }
    const records = [groupTombstone(groupId), ...snapshotRecords(converted, this.#clock.now())]
    return new GroupChange(converted, records, () => {
      // Who waits for the classic group joins the consumer group instead.
      this.#stopTimers(group)
      this.#membership.rebalance.endAll(group)
      this.#consumers.watchAll(converted)
    })
  }

  #downgrade(from: ConsumerGroup, leaving: readonly string[]): boolean {
    if (!isDowngrade(from, leaving, this.#config)) return false
    const group = toClassicGroup(from, leaving, this.#topics, this.#clock.now())
    this.store.commitDowngrade(from, group)
    this.#consumers.timers.endGroup(from.groupId)
    this.#keepAlive(group)
    // What the group was on its way to, its members reach by joining again.
    if (leaving.length > 0 || from.state !== 'Stable') this.#membership.rebalance.begin(group)
    return true
  }

  join(
    groupId: string,
    request: JoinRequest,
    mayDescribe: (topic: string) => boolean,
    respond: (result: JoinResult) => void,
  ): void {
    const { sessionTimeoutMs } = request.settings
    const refuse = (errorCode: number): void => respond(joinError(errorCode, request.memberId))
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID)
      return
    }
    if (
      sessionTimeoutMs < this.#config.number('group.min.session.timeout.ms') ||
      sessionTimeoutMs > this.#config.number('group.max.session.timeout.ms')
    ) {
      refuse(ErrorCode.INVALID_SESSION_TIMEOUT)
      return
    }
    const known = this.group(groupId)
    if (known?.type === 'consumer' && consumerGroupAnswers[known.state].classicJoin === 'join') {
      this.#answering(groupId, () => this.#classicMembers.join(known, request, mayDescribe), respond, refuse)
      return
    }
    if (!known && request.memberId !== '') {
      refuse(ErrorCode.UNKNOWN_MEMBER_ID)
      return
    }
    const group = known?.type === 'consumer' ? this.#emptyClassic(known) : this.#classic(groupId)
    if (!group) {
      refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
      return
    }
    this.#membership.join(group, request, respond)
    this.store.dropIfBlank(group)
  }

  #classic(groupId: string): ClassicGroup {
    return this.store.group(groupId) as ClassicGroup
  }

  /** A consumer group without members is a classic one from its next classic member on. */
  #emptyClassic(group: ConsumerGroup): ClassicGroup | undefined {
    const classic = toClassicGroup(group, [], this.#topics, this.#clock.now())
    return isStored(() => this.store.commitDowngrade(group, classic)) ? classic : undefined
  }

  sync(groupId: string, request: SyncRequest, respond: (result: SyncResult) => void): void {
    const group = this.group(groupId)
    if (groupId === '') respond(syncError(ErrorCode.INVALID_GROUP_ID))
    else if (!group) respond(syncError(ErrorCode.UNKNOWN_MEMBER_ID))
    else if (group.type === 'classic') this.#membership.sync(group, request, respond)
    else {
      const refuse = (errorCode: number): void => respond(syncError(errorCode))
      this.#answering(groupId, () => this.#classicMembers.sync(group, request), respond, refuse)
    }
  }

  heartbeat(groupId: string, identity: MemberIdentity, generationId: number): number {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    const group = this.group(groupId)
    if (!group) return ErrorCode.UNKNOWN_MEMBER_ID
    if (group.type === 'classic') return this.#membership.heartbeat(group, identity, generationId)
    return codeOf(() => this.#classicMembers.heartbeat(group, identity, generationId))
  }

  /** Takes members out; a code for each. They are answered when that is in the log as far as it goes there. */
  leave(groupId: string, identities: readonly MemberIdentity[], respond: (codes: readonly number[]) => void): void {
    const all = (code: number): void => respond(identities.map(() => code))
    const group = this.group(groupId)
    if (groupId === '') all(ErrorCode.INVALID_GROUP_ID)
    else if (!group) all(ErrorCode.UNKNOWN_MEMBER_ID)
    else if (group.type === 'classic') {
      respond(identities.map((identity) => this.#membership.leave(group, identity)))
    } else this.#answering(groupId, () => this.#leaveConsumer(group, identities), respond, all)
  }

  #leaveConsumer(group: ConsumerGroup, identities: readonly MemberIdentity[]): number[] {
    const leaving = new Set<string>()
    const codes = identities.map((identity) =>
      codeOf(() => {
        leaving.add(this.#classicMembers.leaving(group, identity))
        return ErrorCode.NONE
      }),
    )
    this.#consumers.fence(group, [...leaving])
    return codes
  }

  /** Whether who says to be this member may be told offsets (OffsetFetch v9). */
  checkFetch(groupId: string, memberId: string | null, memberEpoch: number): number {
    const group = this.store.consumerGroup(groupId)
    return group ? checkConsumerFetch(group, memberId, memberEpoch) : ErrorCode.NONE
  }

  /** Call for every marker that is in `__consumer_offsets` now. */
  transactionEnded(producerId: number, commit: boolean): void {
    this.store.offsets.endTransaction(producerId, commit)
  }

  /** Calls back once everything that the group's members have been told or may be told is safe. */
  whenCommitted(groupId: string, done: (errorCode: number) => void): void {
    this.store.whenCommitted(groupId, done)
  }

  deleteGroup(groupId: string, done: (errorCode: number) => void): void {
    const group = this.group(groupId)
    if (group && !isDeletable(group)) done(ErrorCode.NON_EMPTY_GROUP)
    else this.commits.deleteGroup(groupId, (found) => this.#remove(found), done)
  }

  #remove(group: Group): void {
    this.store.deleteGroup(group)
    if (group.type === 'classic') group.transition('delete', this.#clock.now())
  }

  /** A topic was created, has more partitions, or is gone. */
  topicChanged(topic: string): void {
    this.#consumers.topicChanged(topic)
  }

  /** Removes offsets nobody needs any more, and groups that are left with none. */
  expire(): void {
    this.commits.expire((group) => this.#remove(group))
  }

  #scheduleExpiry(): void {
    this.#cancelExpiry = this.#clock.after(this.#config.number('offsets.retention.check.interval.ms'), () => {
      this.expire()
      this.#scheduleExpiry()
    })
  }
}

function isDeletable(group: Group): boolean {
  if (group.type === 'consumer') return consumerGroupAnswers[group.state].deleteGroup === ErrorCode.NONE
  return group.state === 'Empty' && group.pendingMembers.size === 0
}

/** The code that `act` returns, or that it is refused with. */
function codeOf(act: () => number): number {
  try {
    return act()
  } catch (error) {
    if (error instanceof GroupRefusal) return error.errorCode
    throw error
  }
}
