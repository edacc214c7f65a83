import { ErrorCode } from '@millrace/protocol'

/** States of a classic group, named as Kafka's tools print them. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/** What changes a group's state. */
export type GroupEvent =
  /** Members have to join anew: one came, left, or changed what it asks for. */
  | 'rebalance'
  /** Everyone has joined, or the time for it is over, and someone is there. */
  | 'generation'
  /** As before, but nobody is there. */
  | 'emptyGeneration'
  /** The leader's assignment is in the log. */
  | 'assigned'
  /** Deleted on request, or expired. */
  | 'delete'

/** `undefined`: cannot happen in this state; the code that would do it is wrong. */
export const groupTransitions: Readonly<Record<GroupState, Readonly<Record<GroupEvent, GroupState | undefined>>>> = {
  Empty: {
    rebalance: 'PreparingRebalance',
    generation: undefined,
    emptyGeneration: undefined,
    assigned: undefined,
    delete: 'Dead',
  },
  PreparingRebalance: {
    rebalance: undefined,
    generation: 'CompletingRebalance',
    emptyGeneration: 'Empty',
    assigned: undefined,
    delete: undefined,
  },
  CompletingRebalance: {
    rebalance: 'PreparingRebalance',
    generation: undefined,
    emptyGeneration: undefined,
    assigned: 'Stable',
    delete: undefined,
  },
  Stable: {
    rebalance: 'PreparingRebalance',
    generation: undefined,
    emptyGeneration: undefined,
    assigned: undefined,
    delete: undefined,
  },
  Dead: {
    rebalance: undefined,
    generation: undefined,
    emptyGeneration: undefined,
    assigned: undefined,
    delete: undefined,
  },
}

/** What a request of a member does, by state. Requests of strangers are refused before this is asked. */
export interface GroupAnswers {
  /** A member asks to join again. `current`: it may be told the generation it is in, if nothing of it has changed. */
  readonly rejoin: 'refuse' | 'wait' | 'currentUnlessChanged' | 'currentUnlessChangedOrLeader'
  /** A static member comes back without its member id. */
  readonly replaceStatic: 'refuse' | 'wait' | 'rebalance' | 'keepGenerationIfProtocolStays'
  readonly sync: 'refuse' | 'rebalancing' | 'wait' | 'answer'
  readonly heartbeat: number
  /** What the group does about a member that has gone. */
  readonly memberGone: 'nothing' | 'rebalance' | 'checkJoin'
  /** Code for an offset commit of a member with the right generation. */
  readonly commit: number
}

export const groupAnswers: Readonly<Record<GroupState, GroupAnswers>> = {
  Empty: {
    rejoin: 'refuse',
    replaceStatic: 'refuse',
    sync: 'refuse',
    heartbeat: ErrorCode.UNKNOWN_MEMBER_ID,
    memberGone: 'nothing',
    commit: ErrorCode.NONE,
  },
  PreparingRebalance: {
    rejoin: 'wait',
    replaceStatic: 'wait',
    sync: 'rebalancing',
    heartbeat: ErrorCode.REBALANCE_IN_PROGRESS,
    memberGone: 'checkJoin',
    commit: ErrorCode.NONE,
  },
  CompletingRebalance: {
    rejoin: 'currentUnlessChanged',
    replaceStatic: 'rebalance',
    sync: 'wait',
    heartbeat: ErrorCode.NONE,
    memberGone: 'rebalance',
    // The member knows the generation, but not yet what it owns in it.
    commit: ErrorCode.REBALANCE_IN_PROGRESS,
  },
  Stable: {
    rejoin: 'currentUnlessChangedOrLeader',
    replaceStatic: 'keepGenerationIfProtocolStays',
    sync: 'answer',
    heartbeat: ErrorCode.NONE,
    memberGone: 'rebalance',
    commit: ErrorCode.NONE,
  },
  Dead: {
    rejoin: 'refuse',
    replaceStatic: 'refuse',
    sync: 'refuse',
    heartbeat: ErrorCode.COORDINATOR_NOT_AVAILABLE,
    memberGone: 'nothing',
    commit: ErrorCode.COORDINATOR_NOT_AVAILABLE,
  },
}
