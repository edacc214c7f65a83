import { apis, ErrorCode, type OffsetFetchRequest, type OffsetFetchResponse, ZERO_UUID } from '@millrace/protocol'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

interface AskedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

interface AskedGroup {
  readonly groupId: string
  readonly memberId: string | null
  readonly memberEpoch: number
  /** Null for all that the group has committed. */
  readonly topics: readonly AskedTopic[] | null
}

interface FetchedOffset {
  readonly partitionIndex: number
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: number
}

interface FetchedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly FetchedOffset[]
}

/**
 * OffsetFetch (9), v1 to v10: committed offsets, of several groups at once from v8, by topic id from v10. With requireStable
 * (v7, KIP-447) partitions with a commit of an open transaction answer UNSTABLE_OFFSET_COMMIT. A member of a consumer
 * group that says its epoch (v9, KIP-848) is fenced by it.
 */
export const offsetFetch = handler({
  api: apis.OffsetFetch,
  versions: [1, 10],
  kips: [320, 447, 482, 516, 709, 848],
  handle(request, context) {
    const answer = new Deferred<OffsetFetchResponse>()
    const groups = askedGroups(request, context.apiVersion)
    const results = groups.map(() => ({ errorCode: ErrorCode.NONE as number, topics: [] as FetchedTopic[] }))
    let missing = groups.length + 1
    const finish = (): void => {
      missing--
      if (missing > 0) return
      answer.resolve(
        context.apiVersion >= 8
          ? { groups: results.map((result, index) => ({ groupId: groups[index]!.groupId, ...result })) }
          : { topics: withoutIds(results[0]!.topics), errorCode: results[0]!.errorCode },
      )
    }
    groups.forEach((group, index) => {
      const result = results[index]!
      if (!context.may(AclOperation.DESCRIBE, ResourceType.GROUP, group.groupId)) {
        Object.assign(result, refusedGroup(group, context.apiVersion))
        finish()
        return
      }
      result.errorCode = context.core.groups.checkFetch(group.groupId, group.memberId, group.memberEpoch)
      if (result.errorCode !== ErrorCode.NONE) {
        finish()
        return
      }
      result.topics = fetchGroup(group, request.requireStable, context)
      // What is told is safe: a commit that a power loss takes back is not seen before.
      context.core.groups.whenCommitted(group.groupId, (errorCode) => {
        result.errorCode = errorCode
        if (errorCode !== ErrorCode.NONE) result.topics = []
        finish()
      })
    })
    finish()
    return answer
  },
})

function askedGroups(request: OffsetFetchRequest, apiVersion: number): readonly AskedGroup[] {
  if (apiVersion >= 8) return onlyOnce(request.groups, ({ groupId }) => groupId)
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
  return [{ groupId: request.groupId, memberId: null, memberEpoch: -1, topics }]
}

/** The first version has no place for an error but the partitions. */
function refusedGroup({ topics }: AskedGroup, apiVersion: number): { errorCode: number; topics: FetchedTopic[] } {
  const errorCode = ErrorCode.GROUP_AUTHORIZATION_FAILED
  const named = apiVersion < 2 ? (topics ?? []) : []
  return {
    errorCode,
    topics: named.map(({ name, topicId, partitionIndexes }) => {
      return { name, topicId, partitions: partitionIndexes.map((index) => nothing(index, errorCode)) }
    }),
  }
}

function withoutIds(topics: readonly FetchedTopic[]): Omit<FetchedTopic, 'topicId'>[] {
  return topics.map(({ name, partitions }) => ({ name, partitions }))
}

function fetchGroup(asked: AskedGroup, requireStable: boolean, context: RequestContext): FetchedTopic[] {
  const { core, apiVersion, may, rights } = context
  const { groupId } = asked
  const byId = apiVersion >= 10
  const visible = ({ name }: AskedTopic): boolean => rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name)
  const topics = asked.topics
    ? topicsOnce(asked.topics, ({ name, topicId }) => `${topicId} ${name}`, 'partitionIndexes')
    : committedTopics(groupId, core, requireStable).filter(visible)
  return topics.map((topic) => {
    const name = byId && asked.topics ? core.topics.topicById(topic.topicId)?.name : topic.name
    const topicId = byId ? (core.topics.topic(name ?? '')?.id ?? topic.topicId) : topic.topicId
    const denied = name !== undefined && !may(AclOperation.DESCRIBE, ResourceType.TOPIC, name)
    const currentId = name === undefined ? undefined : core.topics.topic(name)?.id
    const partitions = onlyOnce(topic.partitionIndexes, (index) => index).map((partitionIndex) => {
      if (name === undefined) return nothing(partitionIndex, ErrorCode.UNKNOWN_TOPIC_ID)
      if (denied) return nothing(partitionIndex, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
      const key = { groupId, topic: name, partition: partitionIndex, currentId }
      return fetchOffset(core.groups.store.offsets, key, requireStable)
    })
    return { name: name ?? topic.name, topicId, partitions }
  })
}

function fetchOffset(
  offsets: RequestContext['core']['groups']['store']['offsets'],
  key: {
    readonly groupId: string
    readonly topic: string
    readonly partition: number
    /** Of the topic that has the name now. */
    readonly currentId: string | undefined
  },
  requireStable: boolean,
): FetchedOffset {
  const { groupId, topic, partition, currentId } = key
  if (requireStable && offsets.isPending(groupId, topic, partition)) {
    return nothing(partition, ErrorCode.UNSTABLE_OFFSET_COMMIT)
  }
  const committed = offsets.get(groupId)?.get(topic, partition)
  const isOfAnother = currentId !== undefined && committed?.topicId !== undefined && committed.topicId !== currentId
  if (!committed || isOfAnother) return nothing(partition, ErrorCode.NONE)
  return {
    partitionIndex: partition,
    committedOffset: committed.offset,
    committedLeaderEpoch: committed.leaderEpoch,
    metadata: committed.metadata,
    errorCode: ErrorCode.NONE,
  }
}

function nothing(partitionIndex: number, errorCode: number): FetchedOffset {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
}

/** Everything the group has committed; what is only pending belongs to it where stability is asked for. */
function committedTopics(groupId: string, core: RequestContext['core'], requireStable: boolean): AskedTopic[] {
  const { offsets } = core.groups.store
  const topics = new Map<string, Set<number>>()
  const add = (topic: string, partition: number): void => {
    const partitions = topics.get(topic)
    if (partitions) partitions.add(partition)
    else topics.set(topic, new Set([partition]))
  }
  for (const { topic, partition } of offsets.get(groupId)?.entries() ?? []) add(topic, partition)
  if (requireStable) for (const { topic, partition } of offsets.pending(groupId)) add(topic, partition)
  return Array.from(topics, ([name, partitions]) => ({ name, topicId: ZERO_UUID, partitionIndexes: [...partitions] }))
}
