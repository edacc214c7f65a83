import type { TopicRegistry } from '../../topics/topic-registry.ts'
import type { Assignor, AssignorMember } from './assignors/assignor.ts'
import { assignRange } from './assignors/range.ts'
import { assignUniform } from './assignors/uniform.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { GroupChange } from './group-change.ts'
import { isSamePartitions, noPartitions } from './topic-partitions.ts'

export type GroupTopics = Pick<TopicRegistry, 'topic' | 'topicById' | 'all'>

/** The assignors of this broker, under Kafka's names. */
export const assignors: Readonly<Record<string, Assignor>> = { uniform: assignUniform, range: assignRange }

/** Computes who is to own what in the group's present epoch and writes what is different from before. */
export function updateTarget(change: GroupChange, topics: GroupTopics, assignor: Assignor, nowMs: number): void {
  const { group } = change
  const partitionCounts = new Map<string, number>()
  const members = Array.from(group.members.values(), (member): AssignorMember => {
    const topicIds = new Set<string>()
    for (const name of group.topicsOf(member)) {
      const topic = topics.topic(name)
      if (!topic) continue
      topicIds.add(topic.id)
      partitionCounts.set(topic.id, topic.partitions.length)
    }
    const { memberId, instanceId } = member
    return { memberId, instanceId, topics: topicIds, current: group.targetOf(memberId) }
  })
  const result = members.length > 0 ? assignor({ members, partitionCounts }) : new Map()
  for (const { memberId, current } of members) {
    const value = result.get(memberId) ?? noPartitions
    if (!group.target.has(memberId) || !isSamePartitions(value, current))
      change.add({ kind: 'target', memberId, value })
  }
  change.add({ kind: 'targetEpoch', value: { epoch: group.groupEpoch, atMs: nowMs } })
}

/** Differs when the topics that the group subscribes to differ: which exist, their ids, their partitions. */
export function hashSubscribedTopics(group: ConsumerGroup, topics: GroupTopics): number {
  const found: string[] = []
  for (const name of group.subscribedTopics()) {
    const topic = topics.topic(name)
    if (topic) found.push(`${name}:${topic.id}:${topic.partitions.length}`)
  }
  return found.length === 0 ? 0 : hash53(found.sort().join('\n'))
}

/** Two multiplicative hashes side by side, 53 bits of them: the field is an int64, numbers here are doubles. */
function hash53(text: string): number {
  let high = 0x9e3779b9
  let low = 0x85ebca6b
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ (code + index), 0xc2b2ae35)
    low ^= low >>> 15
  }
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0)
}
