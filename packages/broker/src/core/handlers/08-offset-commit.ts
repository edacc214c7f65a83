import { apis, ErrorCode, type OffsetCommitRequest, type OffsetCommitResponse } from '@millrace/protocol'
import type { OffsetEntry } from '../groups/group-store.ts'
import { Deferred, handler, type RequestContext } from '../request.ts'
import type { Topic } from '../topics/topic.ts'

/** The topic name or id, as the version has it, with a code for each partition. */
interface TopicResult {
  readonly name: string
  readonly topicId: string
  readonly partitions: { readonly partitionIndex: number; errorCode: number }[]
}

/**
 * OffsetCommit (8), v2 to v10: commits of members, fenced by generation, and of consumers outside a group's protocol. A
 * retention time of their own up to v4, topic ids from v10.
 */
export const offsetCommit = handler({
  api: apis.OffsetCommit,
  versions: [2, 10],
  handle(request, context) {
    const answer = new Deferred<OffsetCommitResponse>()
    const { entries, topics } = collect(request, context)
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
    const respond = (code: number): void => {
      const errorCode = commitErrorCode(context.apiVersion, code)
      for (const topic of topics) {
        for (const partition of topic.partitions) {
          if (errorCode !== ErrorCode.NONE) partition.errorCode = errorCode
        }
      }
      answer.resolve({ topics })
    }
    context.core.groups.commit({ groupId, memberId, groupInstanceId, generationId, entries }, respond)
    return answer
  },
})

/** Before v9 a group that does not exist has no such generation. */
function commitErrorCode(apiVersion: number, errorCode: number): number {
  return errorCode === ErrorCode.GROUP_ID_NOT_FOUND && apiVersion < 9 ? ErrorCode.ILLEGAL_GENERATION : errorCode
}

function collect(
  request: OffsetCommitRequest,
  context: RequestContext,
): { entries: OffsetEntry[]; topics: TopicResult[] } {
  const { core, apiVersion } = context
  const nowMs = core.clock.now()
  const expireMs = request.retentionTimeMs >= 0 ? nowMs + request.retentionTimeMs : -1
  const entries: OffsetEntry[] = []
  const topics = request.topics.map((asked): TopicResult => {
    const topic = apiVersion >= 10 ? core.topics.topicById(asked.topicId) : core.topics.topic(asked.name)
    const partitions = asked.partitions.map((partition) => {
      const { partitionIndex } = partition
      const metadata = partition.committedMetadata ?? ''
      const errorCode = problemOf(topic, partitionIndex, metadata, context)
      if (topic && errorCode === ErrorCode.NONE) {
        const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition
        const key = { groupId: request.groupId, topic: topic.name, partition: partitionIndex }
        entries.push({ key, value: { offset, leaderEpoch, metadata, commitMs: nowMs, expireMs } })
      }
      return { partitionIndex, errorCode }
    })
    return { name: asked.name, topicId: asked.topicId, partitions }
  })
  return { entries, topics }
}

function problemOf(topic: Topic | undefined, index: number, metadata: string, context: RequestContext): number {
  const { core, apiVersion } = context
  if (!topic) return apiVersion >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (!topic.partitions[index]) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const tooLong = metadata.length > core.config.number('offset.metadata.max.bytes')
  return tooLong ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE
}
