import { ErrorCode } from '@millrace/protocol'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerGroups } from './consumer-groups.ts'
import { type ConsumerMember, memberEpochs, newConsumerMember } from './consumer-member.ts'
import { GroupChange } from './group-change.ts'
import { GroupRefusal } from './group-refusal.ts'
import { replaceMember } from './replace-member.ts'
import {
  isSamePartitions,
  isSubset,
  noEpochPartitions,
  type TopicPartitionList,
  type TopicPartitions,
  toList,
} from './topic-partitions.ts'
import { regexProblem } from './topic-regex.ts'

/** What ConsumerGroupHeartbeat says; null for what the member has said before. */
export interface ConsumerHeartbeat {
  readonly groupId: string
  readonly memberId: string
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  /** -1 for the one it said before. */
  readonly rebalanceTimeoutMs: number
  readonly topicNames: readonly string[] | null
  readonly topicRegex: string | null
  readonly serverAssignor: string | null
  readonly owned: TopicPartitions | undefined
  readonly clientId: string
  readonly clientHost: string
  /** Whether members make their own ids (v1, KIP-1082). */
  readonly requiresMemberId: boolean
  mayDescribe(topic: string): boolean
}

export interface HeartbeatResult {
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** Null where nothing has changed since the last answer. */
  readonly assignment: { readonly topicPartitions: TopicPartitionList[] } | null
}

/** Opens the group that a heartbeat is for, made or converted where that is needed; throws a refusal. */
export type OpenGroup = (groupId: string, isJoin: boolean) => GroupChange

const maxNameLength = 10_000

/** Says why a request is refused whatever the group is; throws a refusal. */
function checkHeartbeat(request: ConsumerHeartbeat, assignors: readonly string[]): void {
  const { memberEpoch, serverAssignor } = request
  const refuse = (message: string): never => {
    throw new GroupRefusal(ErrorCode.INVALID_REQUEST, message)
  }
  const names = [
    request.memberId,
    request.instanceId,
    request.rackId,
    request.topicRegex,
    ...(request.topicNames ?? []),
  ]
  // Records hold names with a length of two bytes.
  if (names.some((name) => name !== null && name.length > maxNameLength)) refuse('A name is too long.')
  const needsMemberId = request.requiresMemberId || memberEpoch > 0 || memberEpoch === memberEpochs.leave
  if (needsMemberId && request.memberId === '') refuse("MemberId can't be empty.")
  if (request.groupId === '') refuse("GroupId can't be empty.")
  if (request.instanceId === '') refuse("InstanceId can't be empty.")
  if (request.rackId === '') refuse("RackId can't be empty.")
  if (memberEpoch === memberEpochs.join) {
    if (request.rebalanceTimeoutMs === -1) refuse('RebalanceTimeoutMs must be provided in first request.')
    if (request.owned === undefined || request.owned.size > 0) {
      refuse('TopicPartitions must be empty when (re-)joining.')
    }
    if (request.topicNames === null && request.topicRegex === null) {
      refuse('Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.')
    }
  } else if (memberEpoch === memberEpochs.leaveStatic) {
    if (request.instanceId === null) refuse("InstanceId can't be null.")
  } else if (memberEpoch < memberEpochs.leaveStatic) refuse('MemberEpoch is invalid.')
  if (serverAssignor !== null && !assignors.includes(serverAssignor)) {
    throw new GroupRefusal(
      ErrorCode.UNSUPPORTED_ASSIGNOR,
      `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`,
    )
  }
}

/** What members that speak KIP-848's own protocol ask for: to join, to stay, to leave. */
export class ConsumerHeartbeats {
  readonly #groups: ConsumerGroups
  readonly #open: OpenGroup

  constructor(groups: ConsumerGroups, open: OpenGroup) {
    this.#groups = groups
    this.#open = open
  }

  /** Answers once what the answer rests on is in the log; throws a refusal, or what the log throws. */
  heartbeat(request: ConsumerHeartbeat): HeartbeatResult {
    const { memberEpoch } = request
    checkHeartbeat(request, this.#groups.enabledAssignors)
    const isLeaving = memberEpoch === memberEpochs.leave || memberEpoch === memberEpochs.leaveStatic
    return isLeaving ? this.#leave(request) : this.#stay(request)
  }

  #stay(request: ConsumerHeartbeat): HeartbeatResult {
    const { environment } = this.#groups
    const { groupId, memberEpoch, owned } = request
    const isJoin = memberEpoch === memberEpochs.join
    const known = environment.store.consumerGroup(groupId)
    const settled = known && this.#settled(known, request)
    if (settled) return settled
    const change = this.#open(groupId, isJoin)
    const memberId = request.memberId === '' ? environment.newMemberId() : request.memberId
    this.#groups.checkSize(change.group, memberId)
    const before = this.#member(change, { ...request, memberId })
    const member = updated(before, request)
    if (member.topicRegex !== before.topicRegex && member.topicRegex !== '') checkRegex(change.group, member.topicRegex)
    const next = this.#groups.advance(change, { member, owned, mayDescribe: request.mayDescribe })
    this.#groups.commit(change, next)
    this.#groups.watch(groupId, next)
    return this.#answer(request, next, !isSamePartitions(before.assigned, next.assigned))
  }

  /** The short way for heartbeats that change nothing. */
  #settled(group: ConsumerGroup, request: ConsumerHeartbeat): HeartbeatResult | undefined {
    const { memberId, memberEpoch, instanceId, owned, mayDescribe } = request
    const member = group.members.get(memberId)
    if (memberEpoch === memberEpochs.join || member?.memberEpoch !== memberEpoch) return undefined
    if (member.instanceId !== instanceId || member.classic) return undefined
    if (!this.#groups.isSettled(group, { member: updated(member, request), owned, mayDescribe })) return undefined
    this.#groups.watch(group.groupId, member)
    return this.#answer(request, member, false)
  }

  #member(change: GroupChange, request: ConsumerHeartbeat): ConsumerMember {
    const { group } = change
    const { memberId, memberEpoch, instanceId } = request
    if (instanceId === null) {
      const member = group.members.get(memberId)
      if (member) checkEpoch(member, request)
      else if (memberEpoch !== memberEpochs.join) throw unknownMember(memberId, group.groupId)
      return member ?? newConsumerMember(memberId)
    }
    const current = group.staticMember(instanceId)
    if (memberEpoch !== memberEpochs.join) {
      const member = checkStatic(current, memberId, instanceId)
      checkEpoch(member, request)
      return member
    }
    if (!current) return group.members.get(memberId) ?? newConsumerMember(memberId)
    // A process that has ended without a word keeps its place until its session ends.
    if (!current.classic && current.memberEpoch !== memberEpochs.leaveStatic) {
      throw new GroupRefusal(
        ErrorCode.UNRELEASED_INSTANCE_ID,
        `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${current.memberId} member.`,
      )
    }
    return replaceMember(change, current, memberId)
  }

  #answer(request: ConsumerHeartbeat, member: ConsumerMember, isNew: boolean): HeartbeatResult {
    const { memberEpoch, rebalanceTimeoutMs, topicNames, topicRegex, owned } = request
    // Whoever says everything has lost what it knew.
    const isFull =
      memberEpoch === memberEpochs.join ||
      (rebalanceTimeoutMs !== -1 && (topicNames !== null || topicRegex !== null) && owned !== undefined)
    return {
      memberId: member.memberId,
      memberEpoch: member.memberEpoch,
      heartbeatIntervalMs: this.#groups.environment.settings(request.groupId).heartbeatIntervalMs,
      assignment: isFull || isNew ? { topicPartitions: toList(member.assigned) } : null,
    }
  }

  #leave(request: ConsumerHeartbeat): HeartbeatResult {
    const { groupId, memberId, memberEpoch, instanceId } = request
    const group = this.#groups.environment.store.consumerGroup(groupId)
    if (!group) throw new GroupRefusal(ErrorCode.GROUP_ID_NOT_FOUND, `Consumer group ${groupId} not found.`)
    const member =
      instanceId === null
        ? group.members.get(memberId)
        : checkStatic(group.staticMember(instanceId), memberId, instanceId)
    if (!member) throw unknownMember(memberId, groupId)
    if (instanceId !== null && memberEpoch === memberEpochs.leaveStatic) this.#rest(group, member)
    else this.#groups.fence(group, [member.memberId])
    return { memberId, memberEpoch, heartbeatIntervalMs: 0, assignment: null }
  }

  /** A static member goes and means to come back: it keeps its partitions until its session ends. */
  #rest(group: ConsumerGroup, member: ConsumerMember): void {
    const change = new GroupChange(group)
    const resting = { ...member, memberEpoch: memberEpochs.leaveStatic, pendingRevocation: noEpochPartitions }
    change.putAssignment(resting)
    change.group.settle()
    this.#groups.commit(change, { ...resting, state: 'stable' })
  }
}

/** The member with what the request says in place of what it said before. */
function updated(member: ConsumerMember, request: ConsumerHeartbeat): ConsumerMember {
  const { topicNames, topicRegex, rebalanceTimeoutMs, clientId, clientHost } = request
  return {
    ...member,
    instanceId: request.instanceId ?? member.instanceId,
    rackId: request.rackId ?? member.rackId,
    rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? member.serverAssignor,
    topicNames: topicNames === null ? member.topicNames : [...new Set(topicNames)].sort(),
    topicRegex: topicRegex ?? member.topicRegex,
    clientId,
    clientHost,
    classic: null,
  }
}

function checkRegex(group: ConsumerGroup, pattern: string): void {
  if (group.regexes.has(pattern)) return
  const problem = regexProblem(pattern)
  if (problem === undefined) return
  throw new GroupRefusal(
    ErrorCode.INVALID_REGULAR_EXPRESSION,
    `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${problem}.`,
  )
}

function checkEpoch(member: ConsumerMember, { memberEpoch, owned }: ConsumerHeartbeat): void {
  if (memberEpoch === memberEpochs.join || memberEpoch === member.memberEpoch) return
  if (memberEpoch > member.memberEpoch) throw fenced('greater', memberEpoch, member)
  // The answer with the next epoch may have been lost; a member that owns nothing it must not may go on.
  const mayHaveMissed =
    memberEpoch === member.previousMemberEpoch && owned !== undefined && isSubset(owned, member.assigned)
  if (!mayHaveMissed) throw fenced('smaller', memberEpoch, member)
}

function fenced(relation: string, memberEpoch: number, member: ConsumerMember): GroupRefusal {
  return new GroupRefusal(
    ErrorCode.FENCED_MEMBER_EPOCH,
    `The consumer group member has a ${relation} member epoch (${memberEpoch}) than the one known by the group coordinator (${member.memberEpoch}). The member must abandon all its partitions and rejoin.`,
  )
}

/** The static member, if it is this one. */
export function checkStatic(current: ConsumerMember | undefined, memberId: string, instanceId: string): ConsumerMember {
  if (!current) throw new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, `Instance id ${instanceId} is unknown.`)
  if (current.memberId === memberId) return current
  throw new GroupRefusal(
    ErrorCode.FENCED_INSTANCE_ID,
    `Static member ${memberId} with instance id ${instanceId} was fenced by member ${current.memberId}.`,
  )
}

export function unknownMember(memberId: string, groupId: string): GroupRefusal {
  return new GroupRefusal(ErrorCode.UNKNOWN_MEMBER_ID, `Member ${memberId} is not a member of group ${groupId}.`)
}
