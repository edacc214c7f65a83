import { apis, ErrorCode, type OffsetCommitRequest, type OffsetCommitResponse } from '@millrace/protocol'
import type { OffsetEntry } from '../groups/group-store.ts'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import type { Topic } from '../topics/topic.ts'
import { decideResults, hasOpenResults } from './commit-results.ts'

/** The topic name or id, as the version has it, with a code for each partition. */
interface TopicResult {
  readonly name: string
  readonly topicId: string
  readonly partitions: { readonly partitionIndex: number; errorCode: number }[]
}

/**
 * OffsetCommit (8), v2 to v10: commits of members, fenced by generation or member epoch (v9, KIP-848), and of consumers
 * outside a group's protocol. A retention time of their own up to v4, topic ids from v10.
 */
export const offsetCommit = handler({
  api: apis.OffsetCommit,
  versions: [2, 10],
  kips: [211, 320, 345, 482, 516, 848, 1251],
  handle(request, context) {
    const answer = new Deferred<OffsetCommitResponse>()
    const { entries, topics } = collect(request, context)
    const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
    if (!hasOpenResults(topics)) return { topics }
    const respond = (code: number): void => {
      decideResults(topics, commitErrorCode(context.apiVersion, code))
      answer.resolve({ topics })
    }
    // Members of the consumer protocol send their epoch, which earlier versions do not know.
    const knowsEpochs = context.apiVersion >= 9
    const commit = { groupId, memberId, groupInstanceId, generationId, knowsEpochs, entries }
    context.core.groups.commits.commit(commit, respond)
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
  const { core, apiVersion, may } = context
  const inGroup = may(AclOperation.READ, ResourceType.GROUP, request.groupId)
  const nowMs = core.clock.now()
  const expireMs = request.retentionTimeMs >= 0 ? nowMs + request.retentionTimeMs : -1
  const entries: OffsetEntry[] = []
  const wanted = topicsOnce(request.topics, ({ name, topicId }) => `${topicId} ${name}`, 'partitions')
  const topics = wanted.map((asked): TopicResult => {
    const topic = apiVersion >= 10 ? core.topics.topicById(asked.topicId) : core.topics.topic(asked.name)
    const denied = inGroup ? deniedTopic(topic?.name, asked.name, context) : ErrorCode.GROUP_AUTHORIZATION_FAILED
    const partitions = onlyOnce(asked.partitions, (one) => one.partitionIndex).map((partition) => {
      const { partitionIndex } = partition
      const metadata = partition.committedMetadata ?? ''
      const errorCode = denied || problemOf(topic, partitionIndex, metadata, context)
      if (topic && errorCode === ErrorCode.NONE) {
        const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition
        const key = { groupId: request.groupId, topic: topic.name, partition: partitionIndex }
        entries.push({ key, value: { offset, leaderEpoch, metadata, commitMs: nowMs, expireMs, topicId: topic.id } })
      }
      return { partitionIndex, errorCode }
    })
    return { name: asked.name, topicId: asked.topicId, partitions }
  })
  return { entries, topics }
}

/** An id that nobody has is unknown to everyone; a name is not looked at for who may not read it. */
function deniedTopic(found: string | undefined, asked: string, { apiVersion, may }: RequestContext): number {
  const name = found ?? (apiVersion >= 10 ? undefined : asked)
  const denied = name !== undefined && !may(AclOperation.READ, ResourceType.TOPIC, name)
  return denied ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : ErrorCode.NONE
}

function problemOf(topic: Topic | undefined, index: number, metadata: string, context: RequestContext): number {
  const { core, apiVersion } = context
  if (!topic) return apiVersion >= 10 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (!topic.partitions[index]) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const tooLong = metadata.length > core.config.number('offset.metadata.max.bytes')
  return tooLong ? ErrorCode.OFFSET_METADATA_TOO_LARGE : ErrorCode.NONE
}
