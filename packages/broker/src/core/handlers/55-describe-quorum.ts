import { apis, ErrorCode, ZERO_UUID } from '@millrace/protocol'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

const metadataTopic = '__cluster_metadata'

/**
 * DescribeQuorum (55), v0 to v2: a quorum of one, which leads. Its epoch is how many times the broker has been started, its
 * offsets are positions in the metadata journal.
 */
export const describeQuorum = handler({
  api: apis.DescribeQuorum,
  versions: [0, 2],
  kips: [482, 595, 836, 853],
  leftOut:
    'Voters, observers and directories beyond the one node: its metadata is a journal of its own, not a Raft log.',
  handle(request, { core, session, apiVersion, may }) {
    if (!may(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
    }
    const nowMs = core.clock.now()
    const { nodeId, metadataOffset } = core
    const quorum = {
      errorCode: ErrorCode.NONE,
      leaderId: nodeId,
      leaderEpoch: core.startNumber,
      highWatermark: metadataOffset,
      currentVoters: [
        {
          replicaId: nodeId,
          replicaDirectoryId: ZERO_UUID,
          logEndOffset: metadataOffset,
          lastFetchTimestamp: nowMs,
          lastCaughtUpTimestamp: nowMs,
        },
      ],
      observers: [],
    }
    let described = false
    const topics = topicsOnce(request.topics, (topic) => topic.topicName, 'partitions').map(
      ({ topicName, partitions }) => ({
        topicName,
        partitions: onlyOnce(partitions, (one) => one.partitionIndex).map(({ partitionIndex }) => {
          const isThere = topicName === metadataTopic && partitionIndex === 0
          described ||= isThere
          return { partitionIndex, ...(isThere ? quorum : { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }) }
        }),
      }),
    )
    const { host, port } = session.advertised
    const nodes = described ? [{ nodeId, listeners: [{ name: 'CONTROLLER', host, port }] }] : []
    return { errorCode: ErrorCode.NONE, topics, ...(apiVersion >= 2 && { nodes }) }
  },
})
