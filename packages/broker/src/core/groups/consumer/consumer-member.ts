import type { GroupProtocol } from '../group-member.ts'
import type { MemberState } from './consumer-group-state.ts'
import { type EpochPartitions, isSamePartitions, noEpochPartitions } from './topic-partitions.ts'

/** Member epochs with a meaning of their own in ConsumerGroupHeartbeat. */
export const memberEpochs = { join: 0, leave: -1, leaveStatic: -2 } as const

/** What a member that uses the classic protocol has said in JoinGroup. */
export interface ClassicMemberSettings {
  readonly sessionTimeoutMs: number
  /** In the order of its preference. All of them carry the same subscription. */
  readonly protocols: readonly GroupProtocol[]
}

/** A member of a consumer group. Never changed: every change makes another one. */
export interface ConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Sorted, each once. */
  readonly topicNames: readonly string[]
  /** '' for none. */
  readonly topicRegex: string
  readonly rebalanceTimeoutMs: number
  readonly serverAssignor: string | null
  /** Set where the member uses the classic protocol. */
  readonly classic: ClassicMemberSettings | null
  /** `memberEpochs.leaveStatic` while a static member is away. */
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: MemberState
  readonly assigned: EpochPartitions
  /** What it was told to give up and has not. */
  readonly pendingRevocation: EpochPartitions
}

export function newConsumerMember(memberId: string): ConsumerMember {
  return {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    topicNames: [],
    topicRegex: '',
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
    memberEpoch: 0,
    previousMemberEpoch: 0,
    state: 'stable',
    assigned: noEpochPartitions,
    pendingRevocation: noEpochPartitions,
  }
}

/** Whether both say the same about themselves: what `ConsumerGroupMemberMetadataValue` holds. */
export function hasSameMetadata(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.topicRegex === b.topicRegex &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    isSameList(a.topicNames, b.topicNames) &&
    isSameClassic(a.classic, b.classic)
  )
}

function isSameClassic(a: ClassicMemberSettings | null, b: ClassicMemberSettings | null): boolean {
  if (a === b) return true
  if (a === null || b === null) return false
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.protocols.length === b.protocols.length &&
    a.protocols.every(({ name, metadata }, index) => {
      const other = b.protocols[index]!
      return other.name === name && other.metadata.equals(metadata)
    })
  )
}

/** Whether both are at the same place: what `ConsumerGroupCurrentMemberAssignmentValue` holds. */
export function hasSameAssignment(a: ConsumerMember, b: ConsumerMember): boolean {
  return (
    a.memberEpoch === b.memberEpoch &&
    a.previousMemberEpoch === b.previousMemberEpoch &&
    a.state === b.state &&
    isSamePartitions(a.assigned, b.assigned) &&
    isSamePartitions(a.pendingRevocation, b.pendingRevocation)
  )
}

export function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((one, index) => one === b[index]))
}

/** Whether the member owns what the target assignment of this epoch gives it. */
export function isReconciledTo(member: ConsumerMember, targetEpoch: number): boolean {
  return member.state === 'stable' && member.memberEpoch === targetEpoch
}

/** A member in another epoch; it remembers the one before, for a client that missed the answer. */
export function inEpoch(member: ConsumerMember, memberEpoch: number): ConsumerMember {
  return { ...member, memberEpoch, previousMemberEpoch: member.memberEpoch }
}
