import { apis } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import {
  listOffsets as askLeaders,
  earliestTimestamp,
  latestTimestamp,
  maxTimestampTimestamp,
} from '../client/list-offsets.ts'
import { brokerError } from '../errors.ts'
import type { ListedOffset, OffsetSpec, TopicPartition, TopicPartitionOffset } from './types.ts'

export function listOffsets(
  cluster: Cluster,
  partitions: readonly (TopicPartition & { readonly at: OffsetSpec })[],
  isolation: 'read_committed' | 'read_uncommitted',
): Promise<ListedOffset[]> {
  const queries = partitions.map(({ topic, partition, at }) => ({ topic, partition, timestamp: timestampOf(at) }))
  return askLeaders(cluster, queries, { isolation })
}

export async function deleteRecords(
  cluster: Cluster,
  offsets: readonly (TopicPartition & { readonly offset: number })[],
): Promise<TopicPartitionOffset[]> {
  const timeoutMs = cluster.settings.requestTimeoutMs
  return Promise.all(
    offsets.map(async ({ topic, partition, offset }) => {
      const body = { timeoutMs, topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }] }
      const options = { to: { leaderOf: { topic, partition } } }
      const response = await cluster.requestRetrying(apis.DeleteRecords, body, options, ({ topics }) => {
        const errorCode = topics[0]?.partitions[0]?.errorCode ?? 0
        if (errorCode === 0) return
        cluster.metadata.forget(topic)
        throw brokerError(errorCode, `cannot delete records of ${topic}-${partition}`, { topic, partition })
      })
      return { topic, partition, offset: response.topics[0]?.partitions[0]?.lowWatermark ?? -1 }
    }),
  )
}

function timestampOf(at: OffsetSpec): number {
  if (at === 'earliest') return earliestTimestamp
  if (at === 'latest') return latestTimestamp
  return at === 'maxTimestamp' ? maxTimestampTimestamp : at.timestamp
}
