import { ErrorCode } from '@millrace/protocol'
import type { JoinResult, SyncResult } from '../group-member.ts'
import type { JoinRequest, MemberIdentity, SyncRequest } from '../membership.ts'
import { joinError, syncError } from '../rebalance.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerGroups } from './consumer-groups.ts'
import { checkStatic, unknownMember } from './consumer-heartbeat.ts'
import { type ConsumerMember, newConsumerMember } from './consumer-member.ts'
import { decodeSubscription, encodeAssignment, type Subscription } from './consumer-protocol.ts'
import { GroupChange } from './group-change.ts'
import { GroupRefusal } from './group-refusal.ts'
import { replaceMember } from './replace-member.ts'

/**
 * Members of consumer groups that still use the classic protocol: the group assigns for them, the member epoch is their
 * generation, and REBALANCE_IN_PROGRESS makes them join again wherever a member of the new protocol would be told by its
 * heartbeat (KIP-848, "Consumer Group Migration"). A classic group's own rules are in `GroupMembership`.
 */
export class ClassicMembers {
  readonly #groups: ConsumerGroups

  constructor(groups: ConsumerGroups) {
    this.#groups = groups
  }

  /** Throws a refusal, or what the log throws; the answer holds when what was written is safe. */
  join(group: ConsumerGroup, request: JoinRequest, mayDescribe: (topic: string) => boolean): JoinResult {
    const { environment, timers } = this.#groups
    const { groupId } = group
    const memberId = request.memberId === '' ? environment.newMemberId() : request.memberId
    const { settings, groupInstanceId } = request
    const former = groupInstanceId === null ? undefined : group.staticMember(groupInstanceId)
    const isReplacement = former !== undefined && request.memberId === ''
    if (!isReplacement) this.#groups.checkSize(group, memberId)
    const subscription = this.#checkProtocols(group, request, isReplacement ? former.memberId : memberId)
    if (request.memberId === '' && groupInstanceId === null && request.requiresKnownMemberId) {
      return joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId)
    }
    const change = new GroupChange(group)
    const before = this.#member(change, { memberId, groupInstanceId }, isReplacement ? former : undefined)
    const member: ConsumerMember = {
      ...before,
      instanceId: groupInstanceId ?? before.instanceId,
      rackId: subscription.rackId ?? before.rackId,
      clientId: settings.clientId,
      clientHost: settings.clientHost,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      serverAssignor: null,
      topicNames: [...new Set(subscription.topics)].sort(),
      topicRegex: '',
      classic: { sessionTimeoutMs: settings.sessionTimeoutMs, protocols: settings.protocols },
    }
    const next = this.#groups.advance(change, { member, owned: subscription.owned, mayDescribe })
    this.#groups.commit(change, next)
    if (isReplacement) timers.end(groupId, former.memberId)
    timers.cancel('join', groupId, memberId)
    this.#groups.watch(groupId, next)
    this.#expectWithin('sync', groupId, next)
    // The last member of the new protocol has come back as a classic one.
    if (isReplacement && !former.classic) environment.downgrade(change.group, [])
    return {
      errorCode: ErrorCode.NONE,
      memberId,
      generationId: next.memberEpoch,
      protocolType: group.protocolType,
      protocolName: settings.protocols[0]!.name,
      // Nobody leads: the group assigns.
      leader: '',
      skipAssignment: false,
      members: [],
    }
  }

  #checkProtocols(group: ConsumerGroup, request: JoinRequest, except: string): Subscription {
    const { protocolType, settings } = request
    const names = settings.protocols.map(({ name }) => name)
    const subscription =
      settings.protocols[0] && decodeSubscription(settings.protocols[0].metadata, this.#groups.environment.topics)
    if (subscription && group.supportsProtocols(protocolType, names, except)) return subscription
    throw new GroupRefusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, 'The protocols of the member are not supported.')
  }

  #member(change: GroupChange, identity: MemberIdentity, former: ConsumerMember | undefined): ConsumerMember {
    const { memberId, groupInstanceId } = identity
    const known = change.group.members.get(memberId)
    if (former) return replaceMember(change, former, memberId)
    if (groupInstanceId === null || (!known && change.group.staticMember(groupInstanceId) === undefined)) {
      return known ?? newConsumerMember(memberId)
    }
    return checkStatic(change.group.staticMember(groupInstanceId), memberId, groupInstanceId)
  }

  /** A classic member that does not come within the time it allows for a rebalance is out. */
  #expectWithin(kind: 'join' | 'sync', groupId: string, { memberId, rebalanceTimeoutMs }: ConsumerMember): void {
    const { timers, environment } = this.#groups
    timers.start(kind, groupId, memberId, rebalanceTimeoutMs, () => {
      const group = environment.store.consumerGroup(groupId)
      if (group?.members.get(memberId)?.classic) this.#groups.expire(groupId, memberId)
    })
  }

  /** Tells the member its present assignment. */
  sync(group: ConsumerGroup, request: SyncRequest): SyncResult {
    const { environment, timers } = this.#groups
    const member = this.#classicMember(group, request, request.generationId)
    const { protocols } = member.classic!
    const protocolName = protocols[0]!.name
    if (
      (request.protocolType !== null && request.protocolType !== group.protocolType) ||
      (request.protocolName !== null && request.protocolName !== protocolName)
    ) {
      return syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    // Who has still to revoke has joined already, and joins again when it has.
    if (group.groupEpoch > member.memberEpoch && member.state !== 'unrevokedPartitions') {
      this.#expectJoin(group.groupId, member)
      return syncError(ErrorCode.REBALANCE_IN_PROGRESS)
    }
    timers.cancel('sync', group.groupId, member.memberId)
    this.#groups.watch(group.groupId, member)
    const assignment = encodeAssignment(member.assigned, protocols[0]!.metadata, environment.topics)
    return { errorCode: ErrorCode.NONE, protocolType: group.protocolType, protocolName, assignment }
  }

  #expectJoin(groupId: string, member: ConsumerMember): void {
    if (!this.#groups.timers.isRunning('join', groupId, member.memberId)) this.#expectWithin('join', groupId, member)
  }

  heartbeat(group: ConsumerGroup, identity: MemberIdentity, generationId: number): number {
    const member = this.#classicMember(group, identity, generationId)
    this.#groups.watch(group.groupId, member)
    const mustJoin =
      member.memberEpoch < group.groupEpoch ||
      this.#groups.haveTopicsChanged(group) ||
      member.state === 'unrevokedPartitions' ||
      (member.state === 'unreleasedPartitions' && !group.isWaiting(member))
    if (!mustJoin) return ErrorCode.NONE
    this.#expectJoin(group.groupId, member)
    return ErrorCode.REBALANCE_IN_PROGRESS
  }

  /** Which member leaves; an administrator may name a static one by its instance id alone. Throws a refusal. */
  leaving(group: ConsumerGroup, { memberId, groupInstanceId }: MemberIdentity): string {
    const found =
      groupInstanceId === null
        ? group.members.get(memberId)
        : checkStatic(
            group.staticMember(groupInstanceId),
            memberId === '' ? (group.staticMembers.get(groupInstanceId) ?? '') : memberId,
            groupInstanceId,
          )
    if (!found) throw unknownMember(memberId, group.groupId)
    return found.memberId
  }

  #classicMember(group: ConsumerGroup, identity: MemberIdentity, generationId: number): ConsumerMember {
    const { memberId, groupInstanceId } = identity
    const member =
      groupInstanceId === null
        ? group.members.get(memberId)
        : checkStatic(group.staticMember(groupInstanceId), memberId, groupInstanceId)
    if (!member?.classic) throw unknownMember(memberId, group.groupId)
    if (member.memberEpoch !== generationId) {
      throw new GroupRefusal(
        ErrorCode.ILLEGAL_GENERATION,
        `The request generation id ${generationId} is not equal to the member epoch ${member.memberEpoch} of member ${memberId}.`,
      )
    }
    return member
  }
}
