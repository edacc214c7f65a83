import type { TopicPartition } from '../../producer/types.ts'
import { type AssignorInput, assignments, compare, type GroupAssignor, sortedMembers } from './assignor.ts'

/**
 * Per topic, consecutive partitions to each member in turn; the first members get one more where it does not divide.
 * Partitions of the same number of co-partitioned topics go to the same member.
 */
export const rangeAssignor: GroupAssignor = {
  name: 'range',
  supportedProtocols: ['eager'],
  assign({ members, partitionsPerTopic }: AssignorInput) {
    const sorted = sortedMembers(members)
    const owners = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]))
    for (const topic of [...partitionsPerTopic.keys()].sort(compare)) {
      const subscribed = sorted.filter(({ topics }) => topics.includes(topic))
      const count = partitionsPerTopic.get(topic) ?? 0
      const each = Math.floor(count / subscribed.length)
      const extra = count % subscribed.length
      let next = 0
      for (const [index, { memberId }] of subscribed.entries()) {
        const end = next + each + (index < extra ? 1 : 0)
        for (; next < end; next++) owners.get(memberId)?.push({ topic, partition: next })
      }
    }
    return assignments(owners)
  },
}
