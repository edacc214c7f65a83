import { apis, type DescribeTopicPartitionsResponse, ErrorCode, type MessageInput } from '@millrace/protocol'
import { handler } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { invalidTopicName } from '../topics/topic-name.ts'
import { partitionMetadata } from './node.ts'

type Answer = MessageInput<DescribeTopicPartitionsResponse>
type TopicAnswer = MessageInput<DescribeTopicPartitionsResponse['topics'][number]>

const maxPartitionsPerAnswer = 2000

/** DescribeTopicPartitions (75), v0: topics in the order of their names, page by page with a cursor (KIP-966). */
export const describeTopicPartitions = handler({
  api: apis.DescribeTopicPartitions,
  versions: [0, 0],
  kips: [430, 482, 966],
  leftOut: 'Eligible leader replicas (KIP-966): one replica is all there is.',
  handle(request, { core, may, rights }): Answer {
    const { cursor } = request
    const asked = request.topics.map((topic) => topic.name)
    const names = (asked.length > 0 ? [...new Set(asked)] : [...core.topics.all()].map((topic) => topic.name)).sort()
    let room = Math.max(1, Math.min(request.responsePartitionLimit, maxPartitionsPerAnswer))
    const topics: TopicAnswer[] = []
    for (const name of names) {
      if (cursor && name < cursor.topicName) continue
      const all = asked.length === 0
      if (all && !rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name)) continue
      if (!may(AclOperation.DESCRIBE, ResourceType.TOPIC, name)) {
        topics.push({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name, partitions: [] })
        continue
      }
      const topicAuthorizedOperations = rights.operations(ResourceType.TOPIC, name)
      const topic = core.topics.topic(name)
      if (!topic) {
        const errorCode = invalidTopicName(name)
          ? ErrorCode.INVALID_TOPIC_EXCEPTION
          : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        topics.push({ errorCode, name, partitions: [], topicAuthorizedOperations })
        continue
      }
      const from = cursor?.topicName === name ? Math.max(0, cursor.partitionIndex) : 0
      if (room === 0) return { topics, nextCursor: { topicName: name, partitionIndex: from } }
      const shown = topic.partitions.slice(from, from + room)
      topics.push({
        errorCode: ErrorCode.NONE,
        name,
        topicId: topic.id,
        isInternal: topic.internal,
        partitions: shown.map((partition) => ({
          ...partitionMetadata(core, partition),
          eligibleLeaderReplicas: [],
          lastKnownElr: [],
        })),
        topicAuthorizedOperations,
      })
      room -= shown.length
      const next = from + shown.length
      if (next < topic.partitions.length) return { topics, nextCursor: { topicName: name, partitionIndex: next } }
    }
    return { topics, nextCursor: null }
  },
})
