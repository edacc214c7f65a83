import { apis, ErrorCode, type MessageInput, type MetadataResponse, ZERO_UUID } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { handler } from '../request.ts'
import { isInternalTopic, type Topic } from '../topics/topic.ts'
import { invalidTopicName } from '../topics/topic-name.ts'
import { allClusterOperations, allTopicOperations, nodeEndpoint, partitionMetadata, unknownOperations } from './node.ts'

type TopicAnswer = MessageInput<MetadataResponse['topics'][number]>

/**
 * Metadata (3), v0 to v13. One node leads everything. Unknown topics are created when both the broker's setting and the request allow
 * it; topic ids from v10 (KIP-516).
 */
export const metadata = handler({
  api: apis.Metadata,
  versions: [0, 13],
  handle(request, { core, apiVersion }) {
    // In version 0 an empty list asks for all topics, later null does.
    const all = request.topics === null || (apiVersion === 0 && request.topics.length === 0)
    const operations = request.includeTopicAuthorizedOperations ? allTopicOperations : unknownOperations
    const create =
      (apiVersion < 4 || request.allowAutoTopicCreation) && core.config.boolean('auto.create.topics.enable')
    const topics = all
      ? [...core.topics.all()].map((topic) => describe(core, topic, operations))
      : request.topics!.map(({ name, topicId }) => answer(core, name, topicId, create, operations))
    return {
      brokers: [nodeEndpoint(core)],
      clusterId: core.clusterId,
      controllerId: core.nodeId,
      topics,
      ...(apiVersion >= 8 &&
        apiVersion <= 10 && {
          clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
            ? allClusterOperations
            : unknownOperations,
        }),
    }
  },
})

function answer(
  core: BrokerCore,
  name: string | null,
  topicId: string,
  create: boolean,
  operations: number,
): TopicAnswer {
  if (topicId !== ZERO_UUID) {
    const topic = core.topics.topicById(topicId)
    if (topic) return describe(core, topic, operations)
    return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null, topicId, isInternal: false, partitions: [] }
  }
  if (name === null) return { errorCode: ErrorCode.INVALID_REQUEST, name: '', partitions: [] }
  const topic = core.topics.topic(name)
  if (topic) return describe(core, topic, operations)
  const created = create ? autoCreate(core, name) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (typeof created === 'object') return describe(core, created, operations)
  const invalid = invalidTopicName(name) !== undefined
  const errorCode = invalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : created
  return { errorCode, name, isInternal: isInternalTopic(name), partitions: [] }
}

/** The new topic, or why it could not be created. */
function autoCreate(core: BrokerCore, name: string): Topic | number {
  try {
    if (isInternalTopic(name)) return core.topics.internalTopic(name)
    if (invalidTopicName(name) || core.topics.colliding(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION
    return core.topics.create(name, core.config.number('num.partitions'), [])
  } catch {
    return ErrorCode.LEADER_NOT_AVAILABLE
  }
}

function describe(core: BrokerCore, topic: Topic, topicAuthorizedOperations: number): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map((partition) => partitionMetadata(core, partition)),
    topicAuthorizedOperations,
  }
}
