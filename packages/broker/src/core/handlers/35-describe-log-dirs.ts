import { apis, type DescribeLogDirsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import { onlyOnce, topicsOnce } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { logDirectory } from './log-directory.ts'

type TopicAnswer = MessageInput<DescribeLogDirsResponse['results'][number]['topics'][number]>

/** DescribeLogDirs (35), v1 to v5: the one log directory, the bytes of its partitions, its size and room on disk. */
export const describeLogDirs = handler({
  api: apis.DescribeLogDirs,
  versions: [1, 5],
  kips: [113, 482, 827, 1066],
  handle(request, { core, apiVersion, may }) {
    if (!may(AclOperation.DESCRIBE, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED, results: [] }
    }
    const wanted = request.topics
      ? topicsOnce(request.topics, ({ topic }) => topic, 'partitions')
      : [...core.topics.all()].map(({ name, partitions }) => ({ topic: name, partitions: [...partitions.keys()] }))
    const topics = wanted.flatMap(({ topic: name, partitions }): TopicAnswer[] => {
      const topic = core.topics.topic(name)
      if (!topic) return []
      const known = onlyOnce(partitions, (index) => index).flatMap((index) => topic.partitions[index] ?? [])
      return [
        {
          name,
          partitions: known.map(({ index, log }) => ({ partitionIndex: index, partitionSize: log.sizeInBytes })),
        },
      ]
    })
    const space = apiVersion >= 4 ? (core.storage.space?.() ?? { totalBytes: -1, usableBytes: -1 }) : {}
    return { results: [{ errorCode: ErrorCode.NONE, logDir: logDirectory(core), topics, ...space }] }
  },
})
