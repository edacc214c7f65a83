import type { KafkaClient, TopicPartition } from '@millrace/kafka'
import { apis, ErrorCode } from '@millrace/protocol'
import { streamsError } from '../../errors.ts'

/**
 * Takes back what a group has committed of partitions (KIP-496). The group must have no members that read them.
 *
 * @throws STREAMS_RESET_ACTIVE where it has
 */
export async function deleteOffsets(
  client: KafkaClient,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<void> {
  if (partitions.length === 0) return
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  const topics = [...byTopic].map(([name, of]) => {
    return { name, partitions: of.map(({ partition: partitionIndex }) => ({ partitionIndex })) }
  })
  const to = { coordinator: { type: 'group', key: groupId } } as const
  const response = await client.request({ api: apis.OffsetDelete, body: { groupId, topics }, to })
  const codes = [
    response.errorCode,
    ...response.topics.flatMap((topic) => topic.partitions.map((one) => one.errorCode)),
  ]
  const failed = codes.find((code) => code !== 0 && code !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (failed === undefined) return
  throw streamsError('STREAMS_RESET_ACTIVE', `offsets of ${groupId} cannot be deleted (error ${failed})`, {
    application: groupId,
    errorCode: failed,
  })
}
