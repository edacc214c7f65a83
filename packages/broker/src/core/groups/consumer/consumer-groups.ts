import type { Clock } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../../config/broker-config.ts'
import { listElements } from '../../config/definition.ts'
import { isStored } from '../../coordinators/storage-failure.ts'
import type { GroupStore } from '../group-store.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { type ConsumerMember, hasSameMetadata, isReconciledTo, isSameList } from './consumer-member.ts'
import { GroupChange } from './group-change.ts'
import { GroupRefusal } from './group-refusal.ts'
import { MemberTimers } from './member-timers.ts'
import { reconcile } from './reconcile.ts'
import { assignors, type GroupTopics, hashSubscribedTopics, updateTarget } from './target-assignment.ts'
import type { TopicPartitions } from './topic-partitions.ts'
import { RegexSearch, type Resolution } from './topic-regex.ts'

/** Times that a group can set for itself (KIP-848); the broker's setting where it does not. */
export interface ConsumerGroupSettings {
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
}

export interface ConsumerGroupsEnvironment {
  readonly clock: Clock
  readonly config: BrokerConfig
  readonly topics: GroupTopics
  readonly store: GroupStore
  settings(groupId: string): ConsumerGroupSettings
  newMemberId(): string
  /** Makes a group in which only classic members are left a classic one; whether it did. */
  downgrade(group: ConsumerGroup, leaving: readonly string[]): boolean
}

/** What a request adds to a member's way to its target assignment. */
export interface Step {
  /** The member as it says it is now, of the group or not yet. */
  readonly member: ConsumerMember
  /** What it says it owns; undefined when it does not say. */
  readonly owned: TopicPartitions | undefined
  /** Whether who asks may know of a topic: expressions find no other. */
  mayDescribe(topic: string): boolean
}

/** How long after a change of the topics a search that does not fit one heartbeat may begin again. */
const searchPauseMs = 10_000
/** After a device has refused to take a member out. */
const retryMs = 1_000

/**
 * What all consumer groups have in common, whichever protocol their members use: epochs, target assignments, members that
 * fall silent, topics that change.
 */
export class ConsumerGroups {
  readonly environment: ConsumerGroupsEnvironment
  readonly timers: MemberTimers
  readonly #searches = new Map<string, { search: RegexSearch; cancel: () => void }>()
  /** When a group's expressions were last resolved, and whether topics have come or gone since. */
  readonly #resolved = new Map<string, { atMs: number; isStale: boolean }>()

  constructor(environment: ConsumerGroupsEnvironment) {
    this.environment = environment
    this.timers = new MemberTimers(environment.clock)
  }

  /** Members that were in a group when the broker stopped get their time to come back. */
  watchAll(group: ConsumerGroup): void {
    for (const member of group.members.values()) {
      this.watch(group.groupId, member)
      if (member.state === 'unrevokedPartitions') this.#watchRevocation(group.groupId, member)
    }
  }

  close(): void {
    this.timers.close()
    for (const { cancel } of this.#searches.values()) cancel()
    this.#searches.clear()
  }

  /** A sign of life of a member. */
  watch(groupId: string, { memberId, classic }: ConsumerMember): void {
    const timeoutMs = classic?.sessionTimeoutMs ?? this.environment.settings(groupId).sessionTimeoutMs
    this.timers.alive(groupId, memberId, timeoutMs, () => this.expire(groupId, memberId))
  }

  #watchRevocation(groupId: string, { memberId, memberEpoch, rebalanceTimeoutMs, classic }: ConsumerMember): void {
    // Classic members revoke between a heartbeat and a join, and have a time for that.
    if (classic) return
    this.timers.start('rebalance', groupId, memberId, rebalanceTimeoutMs, () => {
      const member = this.environment.store.consumerGroup(groupId)?.members.get(memberId)
      if (member?.state === 'unrevokedPartitions' && member.memberEpoch === memberEpoch) this.expire(groupId, memberId)
    })
  }

  /** Takes out a member that has not done what it had to in time. */
  expire(groupId: string, memberId: string): void {
    const group = this.environment.store.consumerGroup(groupId)
    if (!group?.members.has(memberId)) return
    if (isStored(() => this.fence(group, [memberId]))) return
    this.timers.alive(groupId, memberId, retryMs, () => this.expire(groupId, memberId))
  }

  /** Takes members out; what they own is free at once. Throws what the log throws. */
  fence(group: ConsumerGroup, memberIds: readonly string[]): void {
    if (memberIds.length === 0) return
    if (!this.environment.downgrade(group, memberIds)) {
      const change = new GroupChange(group)
      for (const memberId of memberIds) change.removeMember(memberId)
      // Who is left learns of it with the next heartbeat, which is when it is assigned anew.
      change.bumpEpoch(hashSubscribedTopics(change.group, this.environment.topics))
      change.group.settle()
      this.environment.store.commitConsumerGroup(change)
    }
    for (const memberId of memberIds) this.timers.end(group.groupId, memberId)
    const isSearched = this.environment.store.consumerGroup(group.groupId)?.subscribedRegexes().size ?? 0
    if (isSearched === 0) this.#resolved.delete(group.groupId)
  }

  /** Whether a member that says this has nothing to be told: most heartbeats of most groups. */
  isSettled(group: ConsumerGroup, { member }: Step): boolean {
    const before = group.members.get(member.memberId)
    return (
      before !== undefined &&
      hasSameMetadata(before, member) &&
      !this.haveTopicsChanged(group) &&
      group.groupEpoch === group.assignmentEpoch &&
      isReconciledTo(before, group.assignmentEpoch) &&
      !this.#mustResolve(group)
    )
  }

  /**
   * Takes the member into the group as it is now, the group to the epoch and the assignment that follow, and the member one
   * step towards that. Returns the member.
   */
  advance(change: GroupChange, step: Step): ConsumerMember {
    const { group } = change
    const { member } = step
    const { topics, clock } = this.environment
    const before = group.members.get(member.memberId)
    change.putMember(member)
    const isRegexNew = (before?.topicRegex ?? '') !== member.topicRegex
    if (before && isRegexNew) change.dropUnusedRegex(before.topicRegex)
    const isFound = this.#resolve(change, step)
    const isChanged =
      isFound ||
      !isSameList(before?.topicNames ?? [], member.topicNames) ||
      // An expression that is still being looked up changes the group when it has been.
      (isRegexNew && (member.topicRegex === '' || group.regexes.has(member.topicRegex)))
    if (isChanged || group.isMetadataStale) {
      const hash = hashSubscribedTopics(group, topics)
      group.isMetadataStale = false
      if (isChanged || hash !== group.metadataHash) change.bumpEpoch(hash)
    }
    if (group.groupEpoch > group.assignmentEpoch) {
      updateTarget(change, topics, assignors[this.assignorName(group)]!, clock.now())
    }
    const next = reconcile(group.members.get(member.memberId)!, {
      targetEpoch: group.assignmentEpoch,
      target: group.targetOf(member.memberId),
      owned: step.owned,
      isFree: (topicId, partition) => group.ownerOf(topicId, partition) === undefined,
    })
    change.putAssignment(next)
    group.settle()
    return next
  }

  /** Throws a refusal where a member that is not in the group would be one too many. */
  checkSize(group: ConsumerGroup, memberId: string): void {
    const maxSize = this.environment.config.number('group.consumer.max.size')
    if (group.members.size < maxSize || group.members.has(memberId)) return
    throw new GroupRefusal(
      ErrorCode.GROUP_MAX_SIZE_REACHED,
      `The consumer group has reached its maximum capacity of ${maxSize} members.`,
    )
  }

  /** The assignor that most members ask for, the first one of the setting when none asks. */
  assignorName(group: ConsumerGroup): string {
    const enabled = this.enabledAssignors
    const preferred = group.preferredAssignor()
    return preferred !== undefined && enabled.includes(preferred) ? preferred : enabled[0]!
  }

  /** Names of the assignors that members may ask for; the first one is taken when none does. */
  get enabledAssignors(): string[] {
    return listElements(this.environment.config.string('group.consumer.assignors'))
  }

  /** Puts a change into the log and in force, and watches over what it asks of the member. */
  commit(change: GroupChange, member: ConsumerMember): void {
    const { store } = this.environment
    const { groupId } = change.group
    const before = store.consumerGroup(groupId)?.members.get(member.memberId)
    if (!isStored(() => store.commitConsumerGroup(change))) {
      throw new GroupRefusal(ErrorCode.COORDINATOR_NOT_AVAILABLE, 'The log takes no records.')
    }
    if (member.state !== 'unrevokedPartitions') this.timers.cancel('rebalance', groupId, member.memberId)
    else if (before?.state !== member.state || before.memberEpoch !== member.memberEpoch) {
      this.#watchRevocation(groupId, member)
    }
  }

  /** Whether the topics that the group subscribes to are not those its epoch is about. */
  haveTopicsChanged(group: ConsumerGroup): boolean {
    if (!group.isMetadataStale) return false
    if (hashSubscribedTopics(group, this.environment.topics) !== group.metadataHash) return true
    group.isMetadataStale = false
    return false
  }

  /** A topic was created, has more partitions, or is gone. Groups look at their next heartbeat. */
  topicChanged(name: string): void {
    for (const group of this.environment.store.consumerGroups()) {
      const resolved = this.#resolved.get(group.groupId)
      if (resolved) resolved.isStale = true
      if (!group.isMetadataStale && group.subscribedTopics().has(name)) group.isMetadataStale = true
    }
  }

  #mustResolve(group: ConsumerGroup): boolean {
    const patterns = group.subscribedRegexes()
    if (patterns.size === 0) return false
    const resolved = this.#resolved.get(group.groupId)
    if (!resolved || [...patterns].some((pattern) => !group.regexes.has(pattern))) return true
    const ageMs = this.environment.clock.now() - resolved.atMs
    // Rights to topics change too, of which nothing tells.
    return resolved.isStale || ageMs > this.environment.config.number('group.consumer.regex.refresh.interval.ms')
  }

  /** Resolves the group's expressions if that is due. Whether the group's subscriptions are others now. */
  #resolve(change: GroupChange, step: Step): boolean {
    const { group } = change
    const { groupId } = group
    if (this.#searches.has(groupId) || !this.#mustResolve(group)) return false
    const nowMs = this.environment.clock.now()
    const search = new RegexSearch(group.subscribedRegexes(), this.environment.topics, step.mayDescribe)
    search.slice()
    if (search.done) {
      this.#resolved.set(groupId, { atMs: nowMs, isStale: false })
      return putResolution(change, search.result, nowMs)
    }
    const last = this.#resolved.get(groupId)
    const isNew = [...group.subscribedRegexes()].some((pattern) => !group.regexes.has(pattern))
    if (!isNew && last && nowMs - last.atMs < searchPauseMs) return false
    this.#resolved.set(groupId, { atMs: nowMs, isStale: false })
    this.#searchOn(groupId, search)
    return false
  }

  #searchOn(groupId: string, search: RegexSearch): void {
    const cancel = this.environment.clock.after(0, () => {
      search.slice()
      if (!search.done) {
        this.#searchOn(groupId, search)
        return
      }
      this.#searches.delete(groupId)
      this.#found(groupId, search.result)
    })
    this.#searches.set(groupId, { search, cancel })
  }

  #found(groupId: string, result: Resolution): void {
    const { store, clock, topics } = this.environment
    const group = store.consumerGroup(groupId)
    if (!group) return
    const change = new GroupChange(group)
    if (!putResolution(change, result, clock.now())) return
    change.bumpEpoch(hashSubscribedTopics(change.group, topics))
    change.group.settle()
    if (!isStored(() => store.commitConsumerGroup(change))) this.#resolved.delete(groupId)
  }
}

/** Writes what expressions stand for now, where that is new. Whether any stands for other topics than before. */
function putResolution(change: GroupChange, result: Resolution, nowMs: number): boolean {
  const { group } = change
  const subscribed = group.subscribedRegexes()
  let isChanged = false
  for (const [pattern, topics] of result) {
    if (!subscribed.has(pattern)) continue
    const before = group.regexes.get(pattern)
    if (before && isSameList([...before.topics].sort(), [...topics].sort())) continue
    change.add({ kind: 'regex', pattern, value: { topics, atMs: nowMs } })
    isChanged = true
  }
  return isChanged
}
