import type { TopicPartition } from '../../producer/types.ts'
import { type AssignorInput, assignments, compare, type GroupAssignor, sortedMembers } from './assignor.ts'

/** Deals all partitions of all topics to the members in turn, passing over those that do not subscribe to the topic. */
export const roundRobinAssignor: GroupAssignor = {
  name: 'roundrobin',
  supportedProtocols: ['eager'],
  assign({ members, partitionsPerTopic }: AssignorInput) {
    const sorted = sortedMembers(members)
    const owners = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]))
    let turn = 0
    for (const topic of [...partitionsPerTopic.keys()].sort(compare)) {
      if (!sorted.some(({ topics }) => topics.includes(topic))) continue
      for (let partition = 0; partition < (partitionsPerTopic.get(topic) ?? 0); partition++) {
        while (!sorted[turn % sorted.length]?.topics.includes(topic)) turn++
        owners.get((sorted[turn++ % sorted.length] as { memberId: string }).memberId)?.push({ topic, partition })
      }
    }
    return assignments(owners)
  },
}
