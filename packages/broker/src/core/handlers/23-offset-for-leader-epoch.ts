import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { epochProblem } from './leader-epoch.ts'

/**
 * OffsetForLeaderEpoch (23), v2 to v4. There is one replica and one epoch: the end of the epoch that all records carry is the
 * end of the log (KIP-320).
 */
export const offsetForLeaderEpoch = handler({
  api: apis.OffsetForLeaderEpoch,
  versions: [2, 4],
  handle(request, { core }) {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
        const partition = core.partition(topic, index)
        const errorCode = partition ? epochProblem(partition, currentLeaderEpoch) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        const known =
          partition && errorCode === ErrorCode.NONE && leaderEpoch >= 0 && leaderEpoch <= partition.leaderEpoch
        if (!known) return { errorCode, partition: index, leaderEpoch: -1, endOffset: -1 }
        return { errorCode, partition: index, leaderEpoch: partition.leaderEpoch, endOffset: partition.highWatermark }
      }),
    }))
    return { topics }
  },
})
