import { type MemberEvent, memberReconciles, memberTransitions } from './consumer-group-state.ts'
import { type ConsumerMember, inEpoch } from './consumer-member.ts'
import { type EpochPartitions, intersects, noEpochPartitions, type TopicPartitions } from './topic-partitions.ts'

export interface ReconcileInput {
  readonly targetEpoch: number
  readonly target: TopicPartitions
  /** What the member says it owns; undefined when it does not say. */
  readonly owned: TopicPartitions | undefined
  /** Whether nobody owns this partition. */
  isFree(topicId: string, partition: number): boolean
}

/**
 * Takes a member one step towards its target assignment (KIP-848): first it gives up what is not its any more, then it
 * moves to the target's epoch and gets what is free, then it waits for the rest. Returns the same member when it cannot
 * move.
 */
export function reconcile(member: ConsumerMember, input: ReconcileInput): ConsumerMember {
  switch (memberReconciles[member.state]) {
    case 'whenNewTarget':
      return member.memberEpoch === input.targetEpoch ? member : nextStep(member, member.memberEpoch, input)
    case 'whenRevoked':
      if (stillOwns(input.owned, member.pendingRevocation)) return member
      // It leaves the epoch in which it was told to revoke; the target may have moved on by more than one.
      return nextStep(member, member.memberEpoch + 1, input)
    case 'always':
      return nextStep(member, member.memberEpoch, input)
  }
}

function stillOwns(owned: TopicPartitions | undefined, revoked: EpochPartitions): boolean {
  return owned === undefined || intersects(owned, revoked)
}

function nextStep(member: ConsumerMember, memberEpoch: number, input: ReconcileInput): ConsumerMember {
  const { targetEpoch, target, owned, isFree } = input
  const assigned = new Map<string, Map<number, number>>()
  const revoked = new Map<string, Map<number, number>>()
  for (const [topicId, partitions] of member.assigned) {
    for (const [partition, epoch] of partitions) {
      put(target.get(topicId)?.has(partition) ? assigned : revoked, topicId, partition, epoch)
    }
  }
  if (revoked.size > 0 && stillOwns(owned, revoked)) {
    return moved(member, 'mustRevoke', memberEpoch, assigned, revoked)
  }
  let mustWait = false
  for (const [topicId, partitions] of target) {
    for (const partition of partitions) {
      if (assigned.get(topicId)?.has(partition)) continue
      // What the member itself gives up in this step counts as owned until that is in the log.
      if (isFree(topicId, partition)) put(assigned, topicId, partition, targetEpoch)
      else mustWait = true
    }
  }
  return moved(member, mustWait ? 'mustWait' : 'reached', targetEpoch, assigned, noEpochPartitions)
}

function moved(
  member: ConsumerMember,
  event: MemberEvent,
  memberEpoch: number,
  assigned: EpochPartitions,
  pendingRevocation: EpochPartitions,
): ConsumerMember {
  const state = memberTransitions[member.state][event]
  // Only a new epoch has a former one: a repeated step must not forget which epoch the client may still be in.
  const base = memberEpoch === member.memberEpoch ? member : inEpoch(member, memberEpoch)
  return { ...base, state, assigned, pendingRevocation }
}

function put(partitions: Map<string, Map<number, number>>, topicId: string, partition: number, epoch: number): void {
  const found = partitions.get(topicId)
  if (found) found.set(partition, epoch)
  else partitions.set(topicId, new Map([[partition, epoch]]))
}
