import { apis, ErrorCode } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { logDirectory } from './log-directory.ts'

/** AlterReplicaLogDirs (34), v1 and v2: every replica is in the one directory there is. */
export const alterReplicaLogDirs = handler({
  api: apis.AlterReplicaLogDirs,
  versions: [1, 2],
  kips: [113, 482],
  leftOut: 'Moves between directories: there is one.',
  handle(request, { core, may }) {
    const allowed = may(AclOperation.ALTER, ResourceType.CLUSTER, clusterResource)
    const results = request.dirs.flatMap(({ path, topics }) =>
      topics.map(({ name: topicName, partitions }) => ({
        topicName,
        partitions: partitions.map((partitionIndex) => {
          if (!allowed) return { partitionIndex, errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
          if (path !== logDirectory(core)) return { partitionIndex, errorCode: ErrorCode.LOG_DIR_NOT_FOUND }
          const known = core.partition(topicName, partitionIndex) !== undefined
          return { partitionIndex, errorCode: known ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
        }),
      })),
    )
    return { results }
  },
})
