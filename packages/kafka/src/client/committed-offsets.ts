import { apis, type OffsetFetchResponse } from '@millrace/protocol'
import { brokerError } from '../errors.ts'
import { groupByTopic } from '../offset-topics.ts'
import type { TopicPartition, TopicPartitionOffset } from '../producer/types.ts'
import type { Cluster } from './cluster.ts'

/**
 * The offsets that a group has committed: of the given partitions, or all of them. Partitions without one are left out.
 * Offsets that an open transaction may still change are waited for (requireStable, KIP-447): a successor that read them
 * too early would process what its predecessor is about to commit.
 */
export async function fetchCommitted(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[] | undefined,
  options: { readonly purpose?: string; readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<TopicPartitionOffset[]> {
  if (partitions?.length === 0) return []
  const topics =
    partitions === undefined
      ? null
      : groupByTopic(partitions).map(([name, inTopic]) => ({
          name,
          partitionIndexes: inTopic.map(({ partition }) => partition),
        }))
  const body = (version: number) =>
    version >= 8 ? { groups: [{ groupId, topics }], requireStable: true } : { groupId, topics, requireStable: true }
  const to = { coordinator: { type: 'group', key: groupId } } as const
  const { timeoutMs, ...rest } = options
  // Version 10 names topics by id; a group may hold offsets of topics that this client does not know.
  const requestOptions = {
    to,
    maxVersion: 9,
    ...rest,
    ...(timeoutMs !== undefined && { operationTimeoutMs: timeoutMs }),
  }
  const response = await cluster.requestRetrying(apis.OffsetFetch, body, requestOptions, (answer) =>
    check(answer, groupId),
  )
  const { topics: found } = response.groups[0] ?? response
  return found.flatMap(({ name: topic, partitions: inTopic }) =>
    inTopic
      .filter(({ committedOffset }) => committedOffset >= 0)
      .map(({ partitionIndex: partition, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata }) => ({
        topic,
        partition,
        offset,
        leaderEpoch,
        metadata,
      })),
  )
}

function check(response: OffsetFetchResponse, groupId: string): void {
  const { errorCode, topics } = response.groups[0] ?? response
  if (errorCode !== 0) throw brokerError(errorCode, `offsets of group ${groupId}`, { groupId })
  for (const { name: topic, partitions } of topics) {
    for (const { partitionIndex: partition, errorCode: partitionError } of partitions) {
      if (partitionError === 0) continue
      throw brokerError(partitionError, `offset of ${topic}-${partition} in group ${groupId}`, {
        groupId,
        topic,
        partition,
      })
    }
  }
}
