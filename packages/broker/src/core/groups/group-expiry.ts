import type { GroupOffsets } from './group-offsets.ts'
import type { OffsetKey } from './group-records.ts'
import type { Group } from './group-store.ts'
import { consumerProtocolType, subscribedTopics } from './subscription.ts'

/**
 * Commits that may go: in a group without members, `retentionMs` after the last member left (or after the commit, where
 * there never was one, and in consumer groups); in a group of consumers, those of topics nobody subscribes to any more. A
 * commit with an expiry of its own goes by that.
 */
export function expiredOffsets(group: Group, offsets: GroupOffsets, nowMs: number, retentionMs: number): OffsetKey[] {
  const { groupId } = group
  const unsubscribedOnly =
    group.type === 'consumer' || (group.state === 'Stable' && group.protocolType === consumerProtocolType)
  const subscribed = unsubscribedOnly ? subscribedTopics(group) : undefined
  if (group.state !== 'Empty' && !subscribed) return []
  const expired: OffsetKey[] = []
  for (const { topic, partition, value } of offsets.get(groupId)?.entries() ?? []) {
    if (subscribed?.has(topic) || offsets.isPending(groupId, topic, partition)) continue
    const wasInUseMs =
      // A consumer group does not keep since when it is empty.
      group.type === 'classic' && group.state === 'Empty' && group.protocolType !== null
        ? Math.max(value.commitMs, group.stateSinceMs)
        : value.commitMs
    const expiresMs = value.expireMs >= 0 ? value.expireMs : wasInUseMs + retentionMs
    if (expiresMs <= nowMs) expired.push({ groupId, topic, partition })
  }
  return expired
}
