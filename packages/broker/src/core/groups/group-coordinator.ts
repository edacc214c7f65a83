import type { Clock, Random } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import type { CoordinatorLog } from '../coordinators/coordinator-log.ts'
import { isStored, whenStored } from '../coordinators/storage-failure.ts'
import type { ClassicGroup } from './classic-group.ts'
import { expiredOffsets } from './group-expiry.ts'
import type { JoinResult, SyncResult } from './group-member.ts'
import { GroupStore, type OffsetEntry, type TransactionalProducer } from './group-store.ts'
import { GroupMembership, type JoinRequest, type MemberIdentity, type SyncRequest } from './membership.ts'
import { joinError, syncError } from './rebalance.ts'
import { subscribedTopics } from './subscription.ts'

export interface CommitRequest extends MemberIdentity {
  readonly groupId: string
  /** Negative for commits from outside the group's own protocol. */
  readonly generationId: number
  readonly entries: readonly OffsetEntry[]
}

/**
 * Coordinator of all consumer groups. Callbacks may be called before the method that takes them returns.
 *
 * Invariants:
 * 1. What a client was told survives what the log's durability says it survives: the answer waits for the record.
 * 2. A partition of the group's topics belongs to at most one member of a generation, as its leader assigned it; members
 *    of earlier generations can neither commit nor learn an assignment.
 */
export class GroupCoordinator {
  readonly store: GroupStore
  readonly #clock: Clock
  readonly #config: BrokerConfig
  readonly #membership: GroupMembership
  #cancelExpiry: () => void = () => {}

  constructor(options: {
    readonly clock: Clock
    readonly random: Random
    readonly config: BrokerConfig
    readonly log: CoordinatorLog
  }) {
    const { clock, random, config, log } = options
    this.#clock = clock
    this.#config = config
    this.store = new GroupStore(log, clock)
    this.#membership = new GroupMembership({
      clock,
      random,
      config,
      persist: (group) => this.store.persistGroup(group),
      whenCommitted: (group, done) => this.store.whenCommitted(group.groupId, done),
    })
  }

  /** Call once: members that were in a group when the broker stopped get their session time to come back. */
  start(): void {
    for (const group of this.store.groups.values()) {
      for (const member of group.members.values()) this.#membership.rebalance.keepAlive(group, member)
    }
    this.#scheduleExpiry()
  }

  close(): void {
    this.#cancelExpiry()
    for (const group of this.store.groups.values()) {
      group.cancelPhase?.()
      for (const cancel of group.pendingMembers.values()) cancel()
      for (const member of group.members.values()) this.#membership.rebalance.endSession(member)
    }
  }

  group(groupId: string): ClassicGroup | undefined {
    return this.store.groups.get(groupId)
  }

  groups(): Iterable<ClassicGroup> {
    return this.store.groups.values()
  }

  join(groupId: string, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const { sessionTimeoutMs } = request.settings
    if (groupId === '') {
      respond(joinError(ErrorCode.INVALID_GROUP_ID, request.memberId))
      return
    }
    if (
      sessionTimeoutMs < this.#config.number('group.min.session.timeout.ms') ||
      sessionTimeoutMs > this.#config.number('group.max.session.timeout.ms')
    ) {
      respond(joinError(ErrorCode.INVALID_SESSION_TIMEOUT, request.memberId))
      return
    }
    const known = this.group(groupId)
    if (!known && request.memberId !== '') {
      respond(joinError(ErrorCode.UNKNOWN_MEMBER_ID, request.memberId))
      return
    }
    const group = this.store.group(groupId)
    this.#membership.join(group, request, respond)
    this.store.dropIfBlank(group)
  }

  sync(groupId: string, request: SyncRequest, respond: (result: SyncResult) => void): void {
    const group = this.group(groupId)
    if (groupId === '') respond(syncError(ErrorCode.INVALID_GROUP_ID))
    else if (!group) respond(syncError(ErrorCode.UNKNOWN_MEMBER_ID))
    else this.#membership.sync(group, request, respond)
  }

  heartbeat(groupId: string, identity: MemberIdentity, generationId: number): number {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    const group = this.group(groupId)
    return group ? this.#membership.heartbeat(group, identity, generationId) : ErrorCode.UNKNOWN_MEMBER_ID
  }

  leave(groupId: string, identity: MemberIdentity): number {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    const group = this.group(groupId)
    return group ? this.#membership.leave(group, identity) : ErrorCode.UNKNOWN_MEMBER_ID
  }

  commit(request: CommitRequest, done: (errorCode: number) => void): void {
    const group = this.#groupForCommit(request, false)
    if (typeof group === 'number') {
      done(group)
      return
    }
    this.#write(group, done, () => this.store.commitOffsets(group.groupId, request.entries))
  }

  /** Takes commits that become visible with the transaction of `producer`. */
  commitPending(request: CommitRequest, producer: TransactionalProducer, done: (errorCode: number) => void): void {
    const group = this.#groupForCommit(request, true)
    if (typeof group === 'number') {
      done(group)
      return
    }
    this.#write(group, done, () => this.store.commitPendingOffsets(group.groupId, request.entries, producer))
  }

  #groupForCommit(request: CommitRequest, transactional: boolean): ClassicGroup | number {
    const { groupId, generationId } = request
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    const known = this.group(groupId)
    if (!known && generationId >= 0) return ErrorCode.GROUP_ID_NOT_FOUND
    const group = known ?? this.store.group(groupId)
    const code = this.#membership.checkCommit(group, request, generationId, transactional)
    if (code === ErrorCode.NONE) return group
    this.store.dropIfBlank(group)
    return code
  }

  #write(group: ClassicGroup, done: (errorCode: number) => void, write: () => void): void {
    whenStored(
      () => {
        write()
        this.store.whenCommitted(group.groupId, done)
      },
      () => {
        this.store.dropIfBlank(group)
        done(ErrorCode.COORDINATOR_NOT_AVAILABLE)
      },
    )
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
    if (!group) done(ErrorCode.GROUP_ID_NOT_FOUND)
    else if (group.state !== 'Empty' || group.pendingMembers.size > 0) done(ErrorCode.NON_EMPTY_GROUP)
    else this.#write(group, done, () => this.#remove(group))
  }

  #remove(group: ClassicGroup): void {
    this.store.deleteGroup(group)
    group.transition('delete', this.#clock.now())
  }

  /** Deletes committed offsets; the codes are per partition, GROUP_SUBSCRIBED_TO_TOPIC for those that are in use. */
  deleteOffsets(
    groupId: string,
    partitions: readonly { readonly topic: string; readonly partition: number }[],
    done: (groupCode: number, codes: readonly number[]) => void,
  ): void {
    const group = this.group(groupId)
    const refuse = (code: number): void => done(code, [])
    if (groupId === '') {
      refuse(ErrorCode.INVALID_GROUP_ID)
      return
    }
    if (!group) {
      refuse(ErrorCode.GROUP_ID_NOT_FOUND)
      return
    }
    const subscribed = subscribedTopics(group)
    if (group.members.size > 0 && !subscribed) {
      refuse(ErrorCode.NON_EMPTY_GROUP)
      return
    }
    const codes = partitions.map(({ topic }) =>
      subscribed?.has(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE,
    )
    const { offsets } = this.store
    const exists = (topic: string, partition: number): boolean =>
      offsets.get(groupId)?.get(topic, partition) !== undefined || offsets.isPending(groupId, topic, partition)
    const keys = partitions
      .filter(({ topic, partition }, index) => codes[index] === ErrorCode.NONE && exists(topic, partition))
      .map((partition) => ({ groupId, ...partition }))
    this.#write(
      group,
      (code) => (code === ErrorCode.NONE ? done(code, codes) : refuse(code)),
      () => this.store.deleteOffsets(groupId, keys),
    )
  }

  /** A topic is gone, and its committed offsets go with it. */
  topicDeleted(topic: string): void {
    for (const groupId of [...this.store.groups.keys()]) {
      const commits = [...(this.store.offsets.get(groupId)?.entries() ?? []), ...this.store.offsets.pending(groupId)]
      const keys = commits
        .filter((commit) => commit.topic === topic)
        .map(({ partition }) => ({ groupId, topic, partition }))
      this.#quietly(() => this.store.deleteOffsets(groupId, keys))
    }
  }

  /** Removes offsets nobody needs any more, and groups that are left with none. */
  expire(): void {
    const retentionMs = this.#config.number('offsets.retention.minutes') * 60_000
    for (const group of [...this.store.groups.values()]) {
      const { groupId } = group
      const keys = expiredOffsets(group, this.store.offsets, this.#clock.now(), retentionMs)
      this.#quietly(() => {
        this.store.deleteOffsets(groupId, keys)
        const isUnused = group.state === 'Empty' && group.pendingMembers.size === 0
        if (isUnused && !this.store.offsets.get(groupId) && !this.store.offsets.hasPending(groupId)) this.#remove(group)
      })
    }
  }

  #scheduleExpiry(): void {
    this.#cancelExpiry = this.#clock.after(this.#config.number('offsets.retention.check.interval.ms'), () => {
      this.expire()
      this.#scheduleExpiry()
    })
  }

  /** For what nobody waits for: when the log refuses, the next look finds the same. */
  #quietly(write: () => void): void {
    isStored(write)
  }
}
