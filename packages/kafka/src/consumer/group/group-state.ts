/** Where a member of a group stands, whichever protocol it speaks. */
export type GroupState = 'unjoined' | 'joining' | 'stable' | 'lost' | 'left' | 'failed'

export type GroupEvent = 'join' | 'synced' | 'rejoin' | 'lose' | 'lostHandled' | 'leave' | 'fail'

/**
 * Every state has an entry for every event; null cannot happen, and what happens too late stays where it is.
 *
 * - `unjoined`: the next poll joins. A member that rejoins keeps what it owns under the cooperative protocol.
 * - `joining`: JoinGroup or SyncGroup is on its way; no heartbeats.
 * - `lost`: the group has moved on; what was owned must be given up, in poll, before joining again.
 */
export const groupTable: Readonly<Record<GroupState, Readonly<Record<GroupEvent, GroupState | null>>>> = {
  unjoined: {
    join: 'joining',
    synced: null,
    rejoin: 'unjoined',
    lose: 'lost',
    lostHandled: null,
    leave: 'left',
    fail: 'failed',
  },
  joining: {
    join: null,
    synced: 'stable',
    rejoin: 'joining',
    lose: 'joining',
    lostHandled: 'joining',
    leave: 'left',
    fail: 'failed',
  },
  stable: {
    join: null,
    synced: null,
    rejoin: 'unjoined',
    lose: 'lost',
    lostHandled: null,
    leave: 'left',
    fail: 'failed',
  },
  lost: {
    join: null,
    synced: null,
    rejoin: 'lost',
    lose: 'lost',
    lostHandled: 'unjoined',
    leave: 'left',
    fail: 'failed',
  },
  left: {
    join: null,
    synced: 'left',
    rejoin: 'left',
    lose: 'left',
    lostHandled: 'left',
    leave: 'left',
    fail: 'left',
  },
  failed: {
    join: null,
    synced: 'failed',
    rejoin: 'failed',
    lose: 'failed',
    lostHandled: 'failed',
    leave: 'left',
    fail: 'failed',
  },
}

/** Where an event takes a member. Throws TypeError for one that cannot happen. */
export function nextState(state: GroupState, event: GroupEvent): GroupState {
  const next = groupTable[state][event]
  if (next === null) throw new TypeError(`${event} cannot happen to a member that is ${state}`)
  return next
}
