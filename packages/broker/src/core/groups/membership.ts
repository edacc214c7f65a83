import { ErrorCode } from '@millrace/protocol'
import { isStored } from '../coordinators/storage-failure.ts'
import type { ClassicGroup } from './classic-group.ts'
import {
  type GroupMember,
  hasProtocols,
  type JoinResult,
  type MemberSettings,
  newMember,
  type SyncResult,
} from './group-member.ts'
import { groupAnswers } from './group-state.ts'
import { randomMemberId } from './member-id.ts'
import { answerJoin, answerSync, joinError, Rebalance, type RebalanceEnvironment, syncError } from './rebalance.ts'

export interface JoinRequest {
  /** '' for a member that has no id yet. */
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly protocolType: string
  readonly settings: MemberSettings
  /** Whether a new member has to come again with the id it is given (JoinGroup v4, KIP-394). */
  readonly requiresKnownMemberId: boolean
  /** Whether a leader may be told not to assign (JoinGroup v9, KIP-814). */
  readonly supportsSkipAssignment: boolean
}

export interface MemberIdentity {
  readonly memberId: string
  readonly groupInstanceId: string | null
}

export interface SyncRequest extends MemberIdentity {
  readonly generationId: number
  /** Null in versions that do not say. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: ReadonlyMap<string, Buffer>
}

/** Of the name that a member id begins with; the longest that Kafka's clients let pass is 249. */
const maxIdPrefix = 255

/** What members ask of a classic group: join, sync, heartbeat, leave. */
export class GroupMembership {
  readonly #environment: RebalanceEnvironment
  readonly rebalance: Rebalance

  constructor(environment: RebalanceEnvironment) {
    this.#environment = environment
    this.rebalance = new Rebalance(environment)
  }

  join(group: ClassicGroup, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const { memberId, groupInstanceId } = request
    if (group.state === 'Dead') {
      respond(joinError(ErrorCode.COORDINATOR_NOT_AVAILABLE, memberId))
      return
    }
    const known = this.#knownMember(group, request)
    if (typeof known === 'number') {
      respond(joinError(known, memberId))
      return
    }
    if (!group.supports(request.protocolType, request.settings.protocols, known?.memberId)) {
      respond(joinError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, memberId))
      return
    }
    if (!known) {
      this.#joinNew(group, request, respond)
      return
    }
    if (memberId === '') {
      this.#replaceStatic(group, known, groupInstanceId!, request, respond)
      return
    }
    this.#rejoin(group, known, request, respond)
  }

  /** The member the request is from, undefined for a new one, or the code it is refused with. */
  #knownMember(group: ClassicGroup, { memberId, groupInstanceId }: MemberIdentity): GroupMember | undefined | number {
    if (memberId === '') return groupInstanceId === null ? undefined : group.staticMember(groupInstanceId)
    if (groupInstanceId === null && group.pendingMembers.has(memberId)) return undefined
    return this.identify(group, { memberId, groupInstanceId })
  }

  /** The member, or why it is not one: UNKNOWN_MEMBER_ID, or FENCED_INSTANCE_ID when another took its place (KIP-345). */
  identify(group: ClassicGroup, { memberId, groupInstanceId }: MemberIdentity): GroupMember | number {
    if (groupInstanceId !== null) {
      const current = group.staticMembers.get(groupInstanceId)
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (current !== memberId) return ErrorCode.FENCED_INSTANCE_ID
    }
    return group.members.get(memberId) ?? ErrorCode.UNKNOWN_MEMBER_ID
  }

  #joinNew(group: ClassicGroup, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const wasPending = group.pendingMembers.has(request.memberId)
    if (
      !wasPending &&
      group.members.size + group.pendingMembers.size >= this.#environment.config.number('group.max.size')
    ) {
      respond(joinError(ErrorCode.GROUP_MAX_SIZE_REACHED, request.memberId))
      return
    }
    const memberId = wasPending ? request.memberId : this.#newMemberId(request)
    if (!wasPending && request.requiresKnownMemberId && request.groupInstanceId === null) {
      this.#addPending(group, memberId, request.settings.sessionTimeoutMs)
      respond(joinError(ErrorCode.MEMBER_ID_REQUIRED, memberId))
      return
    }
    this.#removePending(group, memberId)
    const member = newMember(memberId, request.groupInstanceId, request.settings)
    member.isNew = true
    member.awaitingJoin = respond
    group.protocolType = request.protocolType
    group.add(member)
    this.rebalance.keepAlive(group, member)
    this.rebalance.beginOrCheck(group)
  }

  #newMemberId({ groupInstanceId, settings }: JoinRequest): string {
    // Names may be as long as a string can be; what is made of them must still be one.
    const prefix = (groupInstanceId ?? settings.clientId).slice(0, maxIdPrefix)
    return `${prefix}-${randomMemberId(this.#environment.random)}`
  }

  #addPending(group: ClassicGroup, memberId: string, timeoutMs: number): void {
    const cancel = this.#environment.clock.after(timeoutMs, () => {
      group.pendingMembers.delete(memberId)
      this.rebalance.checkJoin(group)
    })
    group.pendingMembers.set(memberId, cancel)
  }

  #removePending(group: ClassicGroup, memberId: string): boolean {
    group.pendingMembers.get(memberId)?.()
    return group.pendingMembers.delete(memberId)
  }

  #rejoin(group: ClassicGroup, member: GroupMember, request: JoinRequest, respond: (result: JoinResult) => void): void {
    const { rejoin } = groupAnswers[group.state]
    if (rejoin === 'refuse') {
      respond(joinError(ErrorCode.UNKNOWN_MEMBER_ID, member.memberId))
      return
    }
    const isLeader = group.leaderId === member.memberId
    const maySkip = rejoin === 'currentUnlessChanged' || (rejoin === 'currentUnlessChangedOrLeader' && !isLeader)
    if (maySkip && hasProtocols(member, request.settings.protocols)) {
      this.rebalance.keepAlive(group, member)
      respond(this.rebalance.currentGeneration(group, member))
      return
    }
    this.#awaitJoin(group, member, request, respond)
    this.rebalance.beginOrCheck(group)
  }

  #awaitJoin(
    group: ClassicGroup,
    member: GroupMember,
    request: JoinRequest,
    respond: (result: JoinResult) => void,
  ): void {
    // The client gave up on its earlier request; it still gets an answer, so that the connection's order holds.
    answerJoin(member, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId))
    member.settings = request.settings
    group.protocolType = request.protocolType
    member.awaitingJoin = respond
    this.rebalance.keepAlive(group, member)
  }

  /** A static member has restarted: it gets a new member id in its old place, and the old one is fenced. */
  #replaceStatic(
    group: ClassicGroup,
    old: GroupMember,
    groupInstanceId: string,
    request: JoinRequest,
    respond: (result: JoinResult) => void,
  ): void {
    const { replaceStatic } = groupAnswers[group.state]
    if (replaceStatic === 'refuse') {
      respond(joinError(ErrorCode.UNKNOWN_MEMBER_ID))
      return
    }
    const oldLeader = group.leaderId
    const member = newMember(this.#newMemberId(request), groupInstanceId, request.settings)
    member.assignment = old.assignment
    member.synced = old.synced
    this.rebalance.endSession(old)
    group.replace(old, member)
    answerJoin(old, joinError(ErrorCode.FENCED_INSTANCE_ID, old.memberId))
    answerSync(old, syncError(ErrorCode.FENCED_INSTANCE_ID))
    this.rebalance.keepAlive(group, member)
    if (replaceStatic === 'keepGenerationIfProtocolStays' && group.selectProtocol() === group.protocolName) {
      this.#keepGeneration(group, member, oldLeader, request, respond)
      return
    }
    member.awaitingJoin = respond
    this.rebalance.beginOrCheck(group)
  }

  #keepGeneration(
    group: ClassicGroup,
    member: GroupMember,
    oldLeader: string | null,
    request: JoinRequest,
    respond: (result: JoinResult) => void,
  ): void {
    if (!isStored(() => this.#environment.persist(group))) {
      // The new member id is not in the log; the client asks again and gets another one.
      respond(joinError(ErrorCode.COORDINATOR_NOT_AVAILABLE))
      return
    }
    const current = this.rebalance.currentGeneration(group, member)
    const isLeader = group.leaderId === member.memberId
    const result: JoinResult = request.supportsSkipAssignment
      ? { ...current, skipAssignment: isLeader }
      : // A leader that cannot skip must not assign in a stable group: it is shown its former id as the leader.
        { ...current, leader: oldLeader ?? '', members: [] }
    this.#environment.whenCommitted(group, (errorCode) => {
      respond(errorCode === ErrorCode.NONE ? result : joinError(errorCode))
    })
  }

  sync(group: ClassicGroup, request: SyncRequest, respond: (result: SyncResult) => void): void {
    const member = this.#checkGeneration(group, request, request.generationId)
    if (typeof member === 'number') {
      respond(syncError(member))
      return
    }
    if (
      (request.protocolType !== null && request.protocolType !== group.protocolType) ||
      (request.protocolName !== null && request.protocolName !== group.protocolName)
    ) {
      respond(syncError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
      return
    }
    const { sync } = groupAnswers[group.state]
    if (sync === 'refuse') {
      respond(syncError(ErrorCode.UNKNOWN_MEMBER_ID))
      return
    }
    if (sync === 'rebalancing') {
      respond(syncError(ErrorCode.REBALANCE_IN_PROGRESS))
      return
    }
    member.synced = true
    if (sync === 'answer') {
      this.rebalance.answerAssignment(group, member, respond)
      return
    }
    answerSync(member, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
    member.awaitingSync = respond
    if (group.leaderId === member.memberId) this.rebalance.assign(group, request.assignments)
  }

  heartbeat(group: ClassicGroup, identity: MemberIdentity, generationId: number): number {
    const member = this.#checkGeneration(group, identity, generationId)
    if (typeof member === 'number') return member
    this.rebalance.keepAlive(group, member)
    return groupAnswers[group.state].heartbeat
  }

  #checkGeneration(group: ClassicGroup, identity: MemberIdentity, generationId: number): GroupMember | number {
    if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE
    const member = this.identify(group, identity)
    if (typeof member !== 'number' && generationId !== group.generationId) return ErrorCode.ILLEGAL_GENERATION
    return member
  }

  /** Takes out one member; a static one may be named by its instance id alone, which is how an administrator does it. */
  leave(group: ClassicGroup, { memberId, groupInstanceId }: MemberIdentity): number {
    if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if (this.#removePending(group, memberId)) {
      this.rebalance.checkJoin(group)
      return ErrorCode.NONE
    }
    const member =
      memberId === '' && groupInstanceId !== null
        ? (group.staticMember(groupInstanceId) ?? ErrorCode.UNKNOWN_MEMBER_ID)
        : this.identify(group, { memberId, groupInstanceId })
    if (typeof member === 'number') return member
    this.rebalance.removeMember(group, member, ErrorCode.UNKNOWN_MEMBER_ID)
    return ErrorCode.NONE
  }

  /**
   * Whether a commit may be made (`transactional`: as part of a transaction). A negative generation without a member
   * comes from a consumer that manages its partitions itself, or an administrator; it needs an empty group.
   */
  checkCommit(group: ClassicGroup, identity: MemberIdentity, generationId: number, transactional: boolean): number {
    if (group.state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if (generationId < 0 && group.state === 'Empty') return ErrorCode.NONE
    if (generationId < 0 && identity.memberId === '' && identity.groupInstanceId === null) {
      return transactional ? ErrorCode.NONE : ErrorCode.UNKNOWN_MEMBER_ID
    }
    const member = this.#checkGeneration(group, identity, generationId)
    if (typeof member === 'number') return member
    this.rebalance.keepAlive(group, member)
    return transactional ? ErrorCode.NONE : groupAnswers[group.state].commit
  }
}
