import { type Clock, isMillraceError, sleep } from '@millrace/base'
import type { KafkaClient, TopicPartition, TopicPartitionOffset } from '@millrace/kafka'
import { apis, ErrorCode } from '@millrace/protocol'
import { connectError } from '../../errors.ts'

export interface MovedOffset extends TopicPartition {
  /** Undefined takes it back (KIP-496). */
  readonly offset: number | undefined
}

/** What a group has committed; nothing where there is no such group. */
export async function groupOffsets(client: KafkaClient, groupId: string): Promise<readonly TopicPartitionOffset[]> {
  try {
    return await client.admin.committedOffsets(groupId)
  } catch (error) {
    if (isMillraceError(error) && error.code === 'KAFKA_GROUP_ID_NOT_FOUND') return []
    throw error
  }
}

/** A sink that has just stopped may still be on its way out of its group. */
const leaveMs = 2_000
const pollMs = 100

/** @throws CONNECT_OFFSETS_REFUSED where the group has members, and keeps them */
export async function awaitNoMembers(client: KafkaClient, groupId: string, clock: Clock): Promise<void> {
  for (const deadlineMs = clock.now() + leaveMs; (await memberCount(client, groupId)) > 0; await sleep(clock, pollMs)) {
    if (clock.now() >= deadlineMs) throw inUse(groupId)
  }
}

async function memberCount(client: KafkaClient, groupId: string): Promise<number> {
  try {
    const [group] = await client.admin.describeGroups([groupId])
    return group?.members.length ?? 0
  } catch (error) {
    if (isMillraceError(error) && error.code === 'KAFKA_GROUP_ID_NOT_FOUND') return 0
    throw error
  }
}

/**
 * Moves the offsets of a group without members.
 * @throws CONNECT_OFFSETS_REFUSED where it has any
 */
export async function moveGroupOffsets(
  client: KafkaClient,
  groupId: string,
  moved: readonly MovedOffset[],
): Promise<void> {
  const kept = moved.flatMap(({ offset, ...partition }) => (offset === undefined ? [] : { ...partition, offset }))
  try {
    if (kept.length > 0) {
      await using consumer = client.consumer({ groupId })
      await consumer.commit(kept)
    }
  } catch (error) {
    // Only members may commit while there are any.
    if (isMillraceError(error) && error.code === 'KAFKA_UNKNOWN_MEMBER_ID') throw inUse(groupId, error)
    throw error
  }
  await takeBack(
    client,
    groupId,
    moved.filter(({ offset }) => offset === undefined),
  )
}

async function takeBack(client: KafkaClient, groupId: string, partitions: readonly TopicPartition[]): Promise<void> {
  if (partitions.length === 0) return
  const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, of]) => {
    return { name, partitions: of.map(({ partition: partitionIndex }) => ({ partitionIndex })) }
  })
  const to = { coordinator: { type: 'group', key: groupId } } as const
  const response = await client.request({ api: apis.OffsetDelete, body: { groupId, topics }, to })
  const codes = [
    response.errorCode,
    ...response.topics.flatMap((topic) => topic.partitions.map((one) => one.errorCode)),
  ]
  // Nothing is there to be taken back of a group or topic that is not there.
  const fine = new Set<number>([0, ErrorCode.GROUP_ID_NOT_FOUND, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  const failed = codes.find((code) => !fine.has(code))
  if (failed !== undefined) throw inUse(groupId, new Error(`error ${failed}`))
}

function inUse(groupId: string, cause?: unknown): Error {
  const message = `the consumer group ${groupId} has members: another process runs the sink, or has been gone for less than its session timeout`
  return connectError('CONNECT_OFFSETS_REFUSED', message, { groupId }, cause)
}
