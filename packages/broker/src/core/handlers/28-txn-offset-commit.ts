import { apis, ErrorCode, type TxnOffsetCommitRequest, type TxnOffsetCommitResponse } from '@millrace/protocol'
import { offsetsPartition } from '../coordinators/coordinators.ts'
import type { OffsetEntry } from '../groups/group-store.ts'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { offsetCommitErrorCode } from '../transactions/error-versions.ts'
import { decideResults, hasOpenResults } from './commit-results.ts'

/** From here on the request itself adds the group's offsets to the transaction (KIP-890). */
const implicitAddVersion = 5

interface TopicResult {
  readonly name: string
  readonly partitions: { readonly partitionIndex: number; errorCode: number }[]
}

/**
 * TxnOffsetCommit (28), v0 to v5: commits that become visible with the transaction; fenced by member and generation
 * from v3 (KIP-447).
 */
export const txnOffsetCommit = handler({
  api: apis.TxnOffsetCommit,
  versions: [0, 5],
  kips: [98, 320, 447, 482, 890],
  handle(request, context) {
    const { core, apiVersion } = context
    const denied = denial(request, context)
    if (denied !== ErrorCode.NONE) return { topics: refusedTopics(request, denied) }
    const answer = new Deferred<TxnOffsetCommitResponse>()
    const { entries, topics } = collect(request, context)
    const respond = (errorCode: number): void => {
      decideResults(topics, offsetCommitErrorCode(apiVersion, errorCode))
      answer.resolve({ topics })
    }
    if (!hasOpenResults(topics)) return { topics }
    core.transactions.admit(request, [offsetsPartition], apiVersion >= implicitAddVersion, ([errorCode]) => {
      if (errorCode !== undefined && errorCode !== ErrorCode.NONE) respond(errorCode)
      else core.groups.commits.commitPending({ ...request, knowsEpochs: true, entries }, request, respond)
    })
    return answer
  },
})

function denial({ transactionalId, groupId }: TxnOffsetCommitRequest, { may }: RequestContext): number {
  if (!may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, transactionalId)) {
    return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  }
  if (!may(AclOperation.READ, ResourceType.GROUP, groupId)) return ErrorCode.GROUP_AUTHORIZATION_FAILED
  return ErrorCode.NONE
}

function refusedTopics({ topics }: TxnOffsetCommitRequest, errorCode: number): TopicResult[] {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
  }))
}

function collect(
  request: TxnOffsetCommitRequest,
  { core, may }: RequestContext,
): { entries: OffsetEntry[]; topics: TopicResult[] } {
  const commitMs = core.clock.now()
  const longest = core.config.number('offset.metadata.max.bytes')
  const entries: OffsetEntry[] = []
  const topics = topicsOnce(request.topics, ({ name }) => name, 'partitions').map(
    ({ name, partitions }): TopicResult => ({
      name,
      partitions: onlyOnce(partitions, (one) => one.partitionIndex).map(
        ({ partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata }) => {
          const metadata = committedMetadata ?? ''
          if (!may(AclOperation.READ, ResourceType.TOPIC, name)) {
            return { partitionIndex, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
          }
          if (!core.partition(name, partitionIndex)) {
            return { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
          }
          if (metadata.length > longest) return { partitionIndex, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE }
          const key = { groupId: request.groupId, topic: name, partition: partitionIndex }
          entries.push({ key, value: { offset, leaderEpoch, metadata, commitMs, expireMs: -1 } })
          return { partitionIndex, errorCode: ErrorCode.NONE }
        },
      ),
    }),
  )
  return { entries, topics }
}
