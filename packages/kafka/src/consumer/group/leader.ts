import type { JoinGroupResponse } from '@millrace/protocol'
import type { Cluster } from '../../client/cluster.ts'
import { retrying } from '../../client/retry.ts'
import type { AssignorMember, GroupAssignor } from './assignor.ts'
import { decodeSubscription, encodeAssignment } from './consumer-protocol.ts'

export interface TopicCounts {
  /** All that were asked for. */
  readonly topics: ReadonlySet<string>
  /** Partitions of those that exist. */
  readonly counts: ReadonlyMap<string, number>
}

/** What the leader of a group does between JoinGroup and SyncGroup. */
export async function leadGroup(cluster: Cluster, response: JoinGroupResponse, assignor: GroupAssignor) {
  const members: AssignorMember[] = response.members.map(({ memberId, groupInstanceId: instanceId, metadata }) => ({
    memberId,
    instanceId,
    ...decodeSubscription(metadata),
  }))
  const counted = await topicCounts(cluster, [...new Set(members.flatMap(({ topics }) => topics))])
  const assigned = await assignor.assign({ members, partitionsPerTopic: counted.counts })
  const assignments = members.map(({ memberId }) => {
    const { partitions = [], userData } = assigned.get(memberId) ?? {}
    return { memberId, assignment: encodeAssignment(partitions, userData) }
  })
  return { assignments, counted }
}

/** Asks the cluster, not the cache: an assignment by old counts would leave new partitions unread. */
export async function topicCounts(cluster: Cluster, topics: readonly string[]): Promise<TopicCounts> {
  const { operationTimeoutMs } = cluster.settings
  await retrying(cluster.retryContext, 'metadata of subscribed topics', operationTimeoutMs, () =>
    cluster.refreshMetadata(topics),
  )
  const counts = new Map<string, number>()
  for (const topic of topics) {
    const known = cluster.metadata.topic(topic)
    if (known !== undefined) counts.set(topic, known.partitions.length)
  }
  return { topics: new Set(topics), counts }
}
