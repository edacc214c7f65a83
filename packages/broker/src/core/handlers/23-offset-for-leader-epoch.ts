import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

/**
 * OffsetForLeaderEpoch (23), v2 to v4: where an epoch ends, so that a client that has read beyond it knows that the log lost
 * records (KIP-101, KIP-320). Every start of the broker begins an epoch.
 */
export const offsetForLeaderEpoch = handler({
  api: apis.OffsetForLeaderEpoch,
  versions: [2, 4],
  kips: [101, 279, 320, 482],
  handle(request, { core, may, rights }) {
    // What a follower may ask about all topics, a client may about its own.
    const isFollower = rights.allows(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, clusterResource)
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
        if (!isFollower && !may(AclOperation.DESCRIBE, ResourceType.TOPIC, topic)) {
          return { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, partition: index, leaderEpoch: -1, endOffset: -1 }
        }
        const partition = core.partition(topic, index)
        const errorCode = partition ? partition.epochProblem(currentLeaderEpoch) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (!partition || errorCode !== ErrorCode.NONE) {
          return { errorCode, partition: index, leaderEpoch: -1, endOffset: -1 }
        }
        return { errorCode, partition: index, ...partition.epochs.endOf(leaderEpoch, partition.logEndOffset) }
      }),
    }))
    return { topics }
  },
})
