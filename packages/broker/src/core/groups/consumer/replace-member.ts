import { type ConsumerMember, memberEpochs } from './consumer-member.ts'
import type { GroupChange } from './group-change.ts'

/**
 * A static member has come back as another process: it takes over the place of the former one under a new member id, what
 * that owned and was to own included. It is in epoch 0 until it is reconciled.
 */
export function replaceMember(change: GroupChange, former: ConsumerMember, memberId: string): ConsumerMember {
  const { group } = change
  const target = group.targetOf(former.memberId)
  const member = {
    ...former,
    memberId,
    memberEpoch: memberEpochs.join,
    previousMemberEpoch: memberEpochs.join,
  }
  const regex = group.regexes.get(former.topicRegex)
  if (former.memberId !== memberId) change.removeMember(former.memberId)
  // The expression is still subscribed to, by the same member under its new id.
  change.putMember(member)
  change.add({ kind: 'target', memberId, value: target })
  if (regex && !group.regexes.has(former.topicRegex)) {
    change.add({ kind: 'regex', pattern: former.topicRegex, value: regex })
  }
  return member
}
