import { ErrorCode } from '@millrace/protocol'
import type { CommitRequest } from '../offset-commits.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import { consumerGroupAnswers } from './consumer-group-state.ts'
import type { ConsumerMember } from './consumer-member.ts'
import type { GroupTopics } from './target-assignment.ts'

/**
 * Whether a commit may be made to a consumer group. A member may commit in an epoch before its present one what it has
 * owned since then (KIP-1251): a commit that was under way when the epoch changed loses nothing.
 */
export function checkConsumerCommit(
  group: ConsumerGroup,
  request: CommitRequest,
  transactional: boolean,
  topics: GroupTopics,
): number {
  const { memberId, groupInstanceId, generationId } = request
  if (generationId < 0 && consumerGroupAnswers[group.state].outsideCommit === ErrorCode.NONE) return ErrorCode.NONE
  const isFromOutside = generationId < 0 && memberId === '' && groupInstanceId === null
  if (transactional && isFromOutside) return ErrorCode.NONE
  const member = group.members.get(memberId)
  if (!member) return ErrorCode.UNKNOWN_MEMBER_ID
  if (!transactional && !member.classic && !request.knowsEpochs) return ErrorCode.UNSUPPORTED_VERSION
  if (generationId === member.memberEpoch) return ErrorCode.NONE
  const stale = staleCode(member, transactional)
  if (generationId > member.memberEpoch) return stale
  const isOwned = request.entries.every(({ key }) => {
    const topicId = topics.topic(key.topic)?.id ?? ''
    const epoch =
      member.assigned.get(topicId)?.get(key.partition) ?? member.pendingRevocation.get(topicId)?.get(key.partition)
    return epoch !== undefined && generationId >= epoch
  })
  return isOwned ? ErrorCode.NONE : stale
}

/** Whether a member may be told offsets: null and a negative epoch for who does not say who it is. */
export function checkConsumerFetch(group: ConsumerGroup, memberId: string | null, memberEpoch: number): number {
  if (memberId === null && memberEpoch < 0) return ErrorCode.NONE
  const member = group.members.get(memberId ?? '')
  if (!member) return ErrorCode.UNKNOWN_MEMBER_ID
  return memberEpoch === member.memberEpoch ? ErrorCode.NONE : staleCode(member, false)
}

/** TxnOffsetCommit knows generations only. */
function staleCode(member: ConsumerMember, transactional: boolean): number {
  return member.classic || transactional ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH
}
