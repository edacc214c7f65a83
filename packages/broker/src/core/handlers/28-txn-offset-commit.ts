import { apis, ErrorCode, type TxnOffsetCommitRequest, type TxnOffsetCommitResponse } from '@millrace/protocol'
import { offsetsPartition } from '../coordinators/coordinators.ts'
import type { OffsetEntry } from '../groups/group-store.ts'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { offsetCommitErrorCode } from '../transactions/error-versions.ts'

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
  handle(request, context) {
    const { core, apiVersion } = context
    const answer = new Deferred<TxnOffsetCommitResponse>()
    const { entries, topics } = collect(request, context)
    const respond = (errorCode: number): void => {
      const code = offsetCommitErrorCode(apiVersion, errorCode)
      for (const topic of topics) {
        for (const partition of topic.partitions) if (code !== ErrorCode.NONE) partition.errorCode = code
      }
      answer.resolve({ topics })
    }
    core.transactions.admit(request, [offsetsPartition], apiVersion >= implicitAddVersion, ([errorCode]) => {
      if (errorCode !== undefined && errorCode !== ErrorCode.NONE) respond(errorCode)
      else core.groups.commitPending({ ...request, entries }, request, respond)
    })
    return answer
  },
})

function collect(
  request: TxnOffsetCommitRequest,
  { core }: RequestContext,
): { entries: OffsetEntry[]; topics: TopicResult[] } {
  const commitMs = core.clock.now()
  const longest = core.config.number('offset.metadata.max.bytes')
  const entries: OffsetEntry[] = []
  const topics = request.topics.map(
    ({ name, partitions }): TopicResult => ({
      name,
      partitions: partitions.map(
        ({ partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, committedMetadata }) => {
          const metadata = committedMetadata ?? ''
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
