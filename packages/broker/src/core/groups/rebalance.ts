import type { Clock, Random } from '@millrace/base'
import { ErrorCode } from '@millrace/protocol'
import type { BrokerConfig } from '../config/broker-config.ts'
import { isStored } from '../coordinators/storage-failure.ts'
import type { ClassicGroup } from './classic-group.ts'
import type { GroupMember, JoinResult, SyncResult } from './group-member.ts'
import { groupAnswers } from './group-state.ts'
import { Sessions } from './sessions.ts'

export interface RebalanceEnvironment {
  readonly clock: Clock
  readonly random: Random
  readonly config: BrokerConfig
  /** Logs the group as it is now. Throws when the log does. */
  persist(group: ClassicGroup): void
  /** Calls back once what `persist` wrote for this group is safe. */
  whenCommitted(group: ClassicGroup, done: (errorCode: number) => void): void
}

/** How long a member that has not heard its id yet may wait to join: its client may have gone without a trace. */
export const newMemberJoinTimeoutMs = 300_000

export function joinError(errorCode: number, memberId = ''): JoinResult {
  return {
    errorCode,
    memberId,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  }
}

export function syncError(errorCode: number): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: Buffer.alloc(0) }
}

/** Answers the waiting join of a member, if there is one. */
export function answerJoin(member: GroupMember, result: JoinResult): void {
  const respond = member.awaitingJoin
  member.awaitingJoin = undefined
  respond?.(result)
}

export function answerSync(member: GroupMember, result: SyncResult): void {
  const respond = member.awaitingSync
  member.awaitingSync = undefined
  respond?.(result)
}

/**
 * Takes a group from one generation to the next: waits until its members have joined, lets the leader assign, and
 * removes who falls silent on the way. What members ask for arrives here from `GroupMembership`.
 */
export class Rebalance {
  readonly #environment: RebalanceEnvironment
  readonly #sessions: Sessions

  constructor(environment: RebalanceEnvironment) {
    this.#environment = environment
    this.#sessions = new Sessions(environment.clock)
  }

  /** A sign of life. */
  keepAlive(group: ClassicGroup, member: GroupMember): void {
    const timeoutMs = member.isNew ? newMemberJoinTimeoutMs : member.settings.sessionTimeoutMs
    this.#sessions.extend(member, timeoutMs, () => this.#fellSilent(group, member))
  }

  endSession(member: GroupMember): void {
    this.#sessions.end(member)
  }

  #fellSilent(group: ClassicGroup, member: GroupMember): void {
    if (group.members.get(member.memberId) !== member) return
    // A member that waits for us sends no heartbeats. Its session goes on when it has its answer.
    if (!member.isNew && (member.awaitingJoin || member.awaitingSync)) return
    this.removeMember(group, member, ErrorCode.UNKNOWN_MEMBER_ID)
  }

  /** Takes a member out of the group and lets the group go on without it. */
  removeMember(group: ClassicGroup, member: GroupMember, errorCode: number): void {
    this.dropMember(group, member, errorCode)
    const { memberGone } = groupAnswers[group.state]
    if (memberGone === 'rebalance') this.begin(group)
    else if (memberGone === 'checkJoin') this.checkJoin(group)
  }

  dropMember(group: ClassicGroup, member: GroupMember, errorCode: number): void {
    this.#sessions.end(member)
    group.remove(member)
    answerJoin(member, joinError(errorCode, member.memberId))
    answerSync(member, syncError(errorCode))
  }

  /** Tells who waits to join again: the group goes on as one of another type. */
  endAll(group: ClassicGroup): void {
    for (const member of group.members.values()) {
      answerJoin(member, joinError(ErrorCode.REBALANCE_IN_PROGRESS, member.memberId))
      answerSync(member, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
    }
  }

  /** Begins a rebalance, unless one is in its first phase already. */
  beginOrCheck(group: ClassicGroup): void {
    if (group.state === 'PreparingRebalance') this.checkJoin(group)
    else this.begin(group)
  }

  begin(group: ClassicGroup): void {
    const { clock } = this.#environment
    for (const member of group.members.values()) {
      if (group.state === 'CompletingRebalance') member.assignment = Buffer.alloc(0)
      answerSync(member, syncError(ErrorCode.REBALANCE_IN_PROGRESS))
    }
    group.cancelPhase?.()
    group.cancelPhase = undefined
    const isFirst = group.state === 'Empty'
    group.transition('rebalance', clock.now())
    if (!isFirst) {
      this.#joinOrWait(group)
      return
    }
    const delayMs = Math.min(this.#initialDelayMs, group.rebalanceTimeoutMs)
    if (delayMs <= 0) {
      this.#completeJoin(group)
      return
    }
    group.inInitialDelay = true
    this.#delayFirst(group, delayMs, group.rebalanceTimeoutMs - delayMs, group.members.size)
  }

  /** 0 by default, so that the first member of a development broker starts at once. */
  get #initialDelayMs(): number {
    return this.#environment.config.number('group.initial.rebalance.delay.ms')
  }

  /** Waits as long as members keep coming, but not longer than they allow for a rebalance. */
  #delayFirst(group: ClassicGroup, delayMs: number, remainingMs: number, membersBefore: number): void {
    group.cancelPhase = this.#environment.clock.after(delayMs, () => {
      const nextMs = Math.min(this.#initialDelayMs, remainingMs)
      if (group.members.size > membersBefore && nextMs > 0) {
        this.#delayFirst(group, nextMs, remainingMs - nextMs, group.members.size)
      } else this.#completeJoin(group)
    })
  }

  checkJoin(group: ClassicGroup): void {
    if (group.state === 'PreparingRebalance' && !group.inInitialDelay && group.hasAllJoined) this.#completeJoin(group)
  }

  #joinOrWait(group: ClassicGroup): void {
    if (group.hasAllJoined) {
      this.#completeJoin(group)
      return
    }
    group.cancelPhase = this.#environment.clock.after(group.rebalanceTimeoutMs, () => this.#completeJoin(group))
  }

  #completeJoin(group: ClassicGroup): void {
    const { clock } = this.#environment
    group.cancelPhase?.()
    group.cancelPhase = undefined
    group.inInitialDelay = false
    for (const member of [...group.members.values()]) {
      // Static members keep their place until their session ends (KIP-345).
      if (member.awaitingJoin || member.groupInstanceId !== null) continue
      this.dropMember(group, member, ErrorCode.UNKNOWN_MEMBER_ID)
    }
    if (group.members.size > 0 && !group.electJoinedLeader()) {
      // Only static members are left and none has come: wait until they do or their sessions end.
      group.cancelPhase = clock.after(group.rebalanceTimeoutMs, () => this.#completeJoin(group))
      return
    }
    group.nextGeneration(clock.now())
    if (group.members.size === 0) {
      this.#persistQuietly(group)
      return
    }
    group.cancelPhase = clock.after(group.rebalanceTimeoutMs, () => this.#syncTimedOut(group))
    for (const member of [...group.members.values()]) {
      member.isNew = false
      member.synced = false
      this.keepAlive(group, member)
      answerJoin(member, this.currentGeneration(group, member))
    }
  }

  /** Nobody waits for this record: without it a restart finds the old members, whose sessions then end. */
  #persistQuietly(group: ClassicGroup): void {
    isStored(() => this.#environment.persist(group))
  }

  #syncTimedOut(group: ClassicGroup): void {
    group.cancelPhase = undefined
    const late = [...group.members.values()].filter((member) => !member.synced)
    for (const member of late) this.dropMember(group, member, ErrorCode.UNKNOWN_MEMBER_ID)
    if (late.length > 0) this.begin(group)
  }

  /** What JoinGroup tells a member of the generation that is under way. */
  currentGeneration(group: ClassicGroup, member: GroupMember): JoinResult {
    return {
      errorCode: ErrorCode.NONE,
      memberId: member.memberId,
      generationId: group.generationId,
      protocolType: group.protocolType,
      protocolName: group.protocolName,
      leader: group.leaderId ?? '',
      skipAssignment: false,
      members: group.leaderId === member.memberId ? group.describeMembers() : [],
    }
  }

  /** The leader has assigned: log it, then let everybody know. */
  assign(group: ClassicGroup, assignments: ReadonlyMap<string, Buffer>): void {
    for (const member of group.members.values()) {
      member.assignment = Buffer.from(assignments.get(member.memberId) ?? [])
    }
    if (!isStored(() => this.#environment.persist(group))) {
      for (const member of group.members.values()) {
        member.assignment = Buffer.alloc(0)
        answerSync(member, syncError(ErrorCode.COORDINATOR_NOT_AVAILABLE))
      }
      this.begin(group)
      return
    }
    group.transition('assigned', this.#environment.clock.now())
    for (const member of group.members.values()) {
      const respond = member.awaitingSync
      member.awaitingSync = undefined
      if (respond) this.answerAssignment(group, member, respond)
    }
  }

  /** Answers with the member's assignment once the generation is safe in the log. */
  answerAssignment(group: ClassicGroup, member: GroupMember, respond: (result: SyncResult) => void): void {
    const { protocolType, protocolName } = group
    const { assignment } = member
    this.keepAlive(group, member)
    this.#environment.whenCommitted(group, (errorCode) => {
      if (errorCode !== ErrorCode.NONE) respond(syncError(errorCode))
      else respond({ errorCode, protocolType, protocolName, assignment })
    })
  }
}
