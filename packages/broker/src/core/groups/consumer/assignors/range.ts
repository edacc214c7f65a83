import { type AssignorInput, type AssignorMember, type AssignorResult, give } from './assignor.ts'

/**
 * `range`: the partitions of each topic go to its subscribers in contiguous runs, in the same order for every topic: topics
 * with equal partition counts and the same subscribers are co-partitioned, partition n of each at the same member.
 */
export function assignRange({ members, partitionCounts }: AssignorInput): AssignorResult {
  const result: AssignorResult = new Map()
  const ordered = [...members].sort(byInstanceThenMemberId)
  for (const [topicId, count] of partitionCounts) {
    const subscribers = ordered.filter((member) => member.topics.has(topicId))
    const share = Math.floor(count / subscribers.length)
    const withOneMore = count % subscribers.length
    let next = 0
    subscribers.forEach(({ memberId }, index) => {
      const end = next + share + (index < withOneMore ? 1 : 0)
      for (; next < end; next++) give(result, memberId, topicId, next)
    })
  }
  return result
}

/** Static members come first, ordered by what outlives their restarts. */
function byInstanceThenMemberId(a: AssignorMember, b: AssignorMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return a.instanceId < b.instanceId ? -1 : 1
  if (a.instanceId !== null) return -1
  if (b.instanceId !== null) return 1
  return a.memberId < b.memberId ? -1 : 1
}
