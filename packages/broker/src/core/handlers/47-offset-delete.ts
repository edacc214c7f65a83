import { apis, ErrorCode, type OffsetDeleteResponse } from '@millrace/protocol'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { Deferred, handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'

/** OffsetDelete (47), v0: deletes committed offsets of partitions that nobody in the group reads (KIP-496). */
export const offsetDelete = handler({
  api: apis.OffsetDelete,
  versions: [0, 0],
  kips: [496],
  handle(request, { core, may }) {
    if (!may(AclOperation.DELETE, ResourceType.GROUP, request.groupId)) {
      return { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
    }
    const problemOf = (topic: string, partition: number): number => {
      if (!may(AclOperation.READ, ResourceType.TOPIC, topic)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
      return core.partition(topic, partition) ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }
    const topics = topicsOnce(request.topics, ({ name }) => name, 'partitions').map(({ name, partitions }) => ({
      name,
      partitions: onlyOnce(partitions, (one) => one.partitionIndex).map(({ partitionIndex }) => {
        return { topic: name, partitionIndex, errorCode: problemOf(name, partitionIndex) }
      }),
    }))
    const open = topics.flatMap(({ partitions }) => partitions.filter((one) => one.errorCode === ErrorCode.NONE))
    const answer = new Deferred<OffsetDeleteResponse>()
    const wanted = open.map(({ topic, partitionIndex: partition }) => ({ topic, partition }))
    core.groups.commits.deleteOffsets(request.groupId, wanted, (errorCode, codes) => {
      for (const [at, one] of open.entries()) one.errorCode = codes[at] ?? ErrorCode.NONE
      answer.resolve(errorCode === ErrorCode.NONE ? { errorCode, topics } : { errorCode })
    })
    return answer
  },
})
