import { apis, ErrorCode, type OffsetDeleteResponse } from '@millrace/protocol'
import { Deferred, handler } from '../request.ts'

/** OffsetDelete (47), v0: deletes committed offsets of partitions that nobody in the group reads (KIP-496). */
export const offsetDelete = handler({
  api: apis.OffsetDelete,
  versions: [0, 0],
  handle(request, { core }) {
    const answer = new Deferred<OffsetDeleteResponse>()
    const partitions = request.topics.flatMap(({ name: topic, partitions: asked }) =>
      asked.map(({ partitionIndex: partition }) => ({ topic, partition })),
    )
    core.groups.deleteOffsets(request.groupId, partitions, (errorCode, codes) => {
      if (errorCode !== ErrorCode.NONE) {
        answer.resolve({ errorCode })
        return
      }
      let next = 0
      const topics = request.topics.map(({ name, partitions: asked }) => ({
        name,
        partitions: asked.map(({ partitionIndex }) => {
          const code = codes[next++] ?? ErrorCode.NONE
          const known = core.partition(name, partitionIndex) !== undefined
          return { partitionIndex, errorCode: known ? code : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
        }),
      }))
      answer.resolve({ errorCode, topics })
    })
    return answer
  },
})
