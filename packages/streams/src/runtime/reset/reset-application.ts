import type { KafkaClient, TopicPartition } from '@millrace/kafka'
import { streamsError } from '../../errors.ts'
import { deleteOffsets } from './delete-offsets.ts'
import { groupMembers, removeMembers, type StreamsMember } from './group-members.ts'
import { internalTopicsOf } from './internal-topic-names.ts'
import { type ResetOffset, type ResetTarget, resetOffsets } from './reset-target.ts'

export interface ResetOptions {
  readonly applicationId: string
  /** Topics whose reading begins anew. Default: those that the application has committed offsets of, its own left out. */
  readonly inputTopics?: readonly string[]
  /** Default: the beginning. */
  readonly target?: ResetTarget
  /** Those of its own topics that are to be deleted. Default: all of them. */
  readonly internalTopics?: readonly string[]
}

/** What a reset would do. */
export interface ResetPlan {
  readonly applicationId: string
  readonly offsets: readonly ResetOffset[]
  readonly deletedTopics: readonly string[]
  /** Instances that still run, or are not yet known to have gone. */
  readonly members: readonly StreamsMember[]
}

/**
 * Says what a reset would do, and changes nothing.
 *
 * @throws STREAMS_RESET_INVALID when a topic that is named does not exist or is not the application's own
 * @example
 * const plan = await planReset(client, { applicationId: 'spend' })
 * await applyReset(client, plan)
 */
export async function planReset(client: KafkaClient, options: ResetOptions): Promise<ResetPlan> {
  const { applicationId, target = { to: 'earliest' } } = options
  const topics = new Map((await client.admin.listTopics()).map((topic) => [topic.name, topic.partitions.length]))
  const groups = (await client.admin.listGroups()).map(({ groupId }) => groupId)
  const own = internalTopicsOf(applicationId, [...topics.keys()], groups)
  const committed = groups.includes(applicationId) ? await client.admin.committedOffsets(applicationId) : []
  const used = [...new Set(committed.map(({ topic }) => topic))].filter((topic) => !own.includes(topic))
  const inputs = options.inputTopics ?? used.filter((topic) => topics.has(topic))
  for (const topic of inputs) mustBeThere(topic, topics)
  const partitions: TopicPartition[] = inputs.flatMap((topic) => {
    return Array.from({ length: topics.get(topic)! }, (_, partition) => ({ topic, partition }))
  })
  return {
    applicationId,
    offsets: await resetOffsets(client, partitions, committed, target),
    deletedTopics: deletedTopics(own, options),
    members: groups.includes(applicationId) ? await groupMembers(client, applicationId) : [],
  }
}

function mustBeThere(topic: string, topics: ReadonlyMap<string, number>): void {
  if (topics.has(topic)) return
  throw streamsError('STREAMS_RESET_INVALID', `there is no topic ${topic}`, { topic })
}

function deletedTopics(own: readonly string[], { internalTopics, applicationId }: ResetOptions): readonly string[] {
  const foreign = internalTopics?.find((topic) => !own.includes(topic))
  if (foreign !== undefined) {
    const message = `${foreign} is no internal topic of ${applicationId}; those are ${own.join(', ') || 'none'}`
    throw streamsError('STREAMS_RESET_INVALID', message, { topic: foreign })
  }
  return internalTopics ?? own
}

/**
 * Carries a reset out: inputs are read from their new offsets, internal topics are gone. Stream time begins anew with them: offsets are
 * committed without the times that go with them. The state on the disks of the instances is theirs to delete (`deleteState`).
 *
 * `force` first removes members that are still in the group: those that died and have not timed out, that is. One that lives joins
 * again, and then the outcome is anybody's guess.
 *
 * @throws STREAMS_RESET_ACTIVE while the group has members, unless forced
 */
export async function applyReset(
  client: KafkaClient,
  plan: ResetPlan,
  { force = false }: { readonly force?: boolean } = {},
): Promise<void> {
  const { applicationId, offsets, deletedTopics } = plan
  const groups = (await client.admin.listGroups()).map(({ groupId }) => groupId)
  const members = groups.includes(applicationId) ? await groupMembers(client, applicationId) : []
  if (members.length > 0) {
    if (!force) {
      const message = `${applicationId} has ${members.length} active member${members.length === 1 ? '' : 's'}`
      throw streamsError('STREAMS_RESET_ACTIVE', message, { application: applicationId, members: members.length })
    }
    await removeMembers(client, applicationId, members)
  }
  // A topic that is made again must not be read from where the deleted one ended: Apache Kafka keeps offsets of deleted topics for
  // a while.
  const committed = groups.includes(applicationId) ? await client.admin.committedOffsets(applicationId) : []
  await deleteOffsets(
    client,
    applicationId,
    committed.filter(({ topic }) => deletedTopics.includes(topic)),
  )
  // Topics before inputs: offsets committed before would stand although the deletion failed, and inputs be counted twice.
  if (deletedTopics.length > 0) await client.admin.deleteTopics(deletedTopics, { ifExists: true })
  if (offsets.length === 0) return
  await using consumer = client.consumer({ groupId: applicationId })
  await consumer.commit(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset, metadata: '' })))
}
