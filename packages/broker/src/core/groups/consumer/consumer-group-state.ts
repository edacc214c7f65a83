import { ErrorCode } from '@millrace/protocol'

/** States of a consumer group, named as Kafka's tools print them (KIP-848). */
export type ConsumerGroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable'

/** What changes a consumer group's state. */
export type ConsumerGroupEvent =
  /** The group epoch has grown: a member came, left or subscribed to something else, or its topics have changed. */
  | 'changed'
  /** The target assignment is that of the group epoch; some member does not own what it says yet. */
  | 'assigned'
  /** Every member is in the epoch of the target assignment and owns what that says. */
  | 'reconciled'
  /** The last member is gone. */
  | 'emptied'

/** `undefined`: cannot happen in this state; the code that would do it is wrong. */
export const consumerGroupTransitions: Readonly<
  Record<ConsumerGroupState, Readonly<Record<ConsumerGroupEvent, ConsumerGroupState | undefined>>>
> = {
  // A first member may be assigned everything at once.
  Empty: { changed: 'Assigning', assigned: 'Reconciling', reconciled: 'Stable', emptied: 'Empty' },
  Assigning: { changed: 'Assigning', assigned: 'Reconciling', reconciled: 'Stable', emptied: 'Empty' },
  Reconciling: { changed: 'Assigning', assigned: 'Reconciling', reconciled: 'Stable', emptied: 'Empty' },
  // A member that joins is assigned to in the same step, and a static member may rest in its epoch.
  Stable: { changed: 'Assigning', assigned: 'Reconciling', reconciled: 'Stable', emptied: 'Empty' },
}

/** What the group answers, by state, to who is not one of its members. */
export interface ConsumerGroupAnswers {
  readonly deleteGroup: number
  /** JoinGroup: the group becomes a classic one, or the member joins it as it is. */
  readonly classicJoin: 'becomeClassic' | 'join'
  /** A commit from outside the group's protocol. */
  readonly outsideCommit: number
}

export const consumerGroupAnswers: Readonly<Record<ConsumerGroupState, ConsumerGroupAnswers>> = {
  Empty: { deleteGroup: ErrorCode.NONE, classicJoin: 'becomeClassic', outsideCommit: ErrorCode.NONE },
  Assigning: {
    deleteGroup: ErrorCode.NON_EMPTY_GROUP,
    classicJoin: 'join',
    outsideCommit: ErrorCode.UNKNOWN_MEMBER_ID,
  },
  Reconciling: {
    deleteGroup: ErrorCode.NON_EMPTY_GROUP,
    classicJoin: 'join',
    outsideCommit: ErrorCode.UNKNOWN_MEMBER_ID,
  },
  Stable: { deleteGroup: ErrorCode.NON_EMPTY_GROUP, classicJoin: 'join', outsideCommit: ErrorCode.UNKNOWN_MEMBER_ID },
}

/** Where a member is on its way from what it owns to its target assignment. */
export type MemberState = 'stable' | 'unrevokedPartitions' | 'unreleasedPartitions'

/** Numbers of the states in `ConsumerGroupCurrentMemberAssignmentValue`. */
export const memberStateCodes: Readonly<Record<MemberState, number>> = {
  stable: 0,
  unrevokedPartitions: 1,
  unreleasedPartitions: 2,
}

/** What reconciling a member can find. */
export type MemberEvent =
  /** It owns partitions that are not its any more and has not given them up. */
  | 'mustRevoke'
  /** It has nothing to give up, but others still own some of what it is to get. */
  | 'mustWait'
  /** It owns what the target assignment says. */
  | 'reached'

export const memberTransitions: Readonly<Record<MemberState, Readonly<Record<MemberEvent, MemberState>>>> = {
  stable: { mustRevoke: 'unrevokedPartitions', mustWait: 'unreleasedPartitions', reached: 'stable' },
  unrevokedPartitions: { mustRevoke: 'unrevokedPartitions', mustWait: 'unreleasedPartitions', reached: 'stable' },
  unreleasedPartitions: { mustRevoke: 'unrevokedPartitions', mustWait: 'unreleasedPartitions', reached: 'stable' },
}

/**
 * What a heartbeat of a member does, by the member's state. `whenNewTarget`: only when the target assignment is newer than
 * the member; `whenRevoked`: only once it has given up what it must.
 */
export const memberReconciles: Readonly<Record<MemberState, 'whenNewTarget' | 'whenRevoked' | 'always'>> = {
  stable: 'whenNewTarget',
  unrevokedPartitions: 'whenRevoked',
  unreleasedPartitions: 'always',
}
