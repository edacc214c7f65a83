import { apis, ErrorCode, type MessageInput, type MetadataResponse, ZERO_UUID } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { onlyOnce } from '../only-once.ts'
import { handler, type RequestContext } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { noRoomFor } from '../topics/check-topic.ts'
import { isInternalTopic, type Topic } from '../topics/topic.ts'
import { invalidTopicName } from '../topics/topic-name.ts'
import { clusterOperations, nodeEndpoint, partitionMetadata, unknownOperations } from './node.ts'

type TopicAnswer = MessageInput<MetadataResponse['topics'][number]>

/**
 * Metadata (3), v0 to v13. One node leads everything. Unknown topics are created when both the broker's setting and the request allow
 * it; topic ids from v12 (KIP-516).
 */
export const metadata = handler({
  api: apis.Metadata,
  versions: [0, 13],
  kips: [4, 78, 112, 320, 430, 482, 516, 700],
  leftOut: 'Answering that the client must bootstrap again (KIP-1102): the node it has found is the only one.',
  handle(request, context) {
    const { core, apiVersion, rights } = context
    // In version 0 an empty list asks for all topics, later null does.
    const all = request.topics === null || (apiVersion === 0 && request.topics.length === 0)
    const look: Look = {
      context,
      create: (apiVersion < 4 || request.allowAutoTopicCreation) && core.config.boolean('auto.create.topics.enable'),
      withOperations: request.includeTopicAuthorizedOperations,
    }
    // Versions 10 and 11 have room for topic ids and cannot answer them: there the name must not be null.
    const namesAll =
      apiVersion >= 12 || all || request.topics!.every(({ name, topicId }) => name !== null && topicId === ZERO_UUID)
    const visible = ({ name }: Topic): boolean => rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, name)
    const topics = all
      ? [...core.topics.all()].filter(visible).map((topic) => describe(topic, look))
      : onlyOnce(request.topics!, ({ name, topicId }) => `${topicId} ${name}`).map(({ name, topicId }) =>
          namesAll ? answer(name, topicId, look) : refused(name ?? '', ErrorCode.INVALID_REQUEST),
        )
    return {
      brokers: [nodeEndpoint(context)],
      clusterId: core.clusterId,
      controllerId: core.nodeId,
      topics,
      ...(apiVersion >= 8 &&
        apiVersion <= 10 && {
          clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
            ? clusterOperations(context)
            : unknownOperations,
        }),
    }
  },
})

/** How a request looks at topics. */
interface Look {
  readonly context: RequestContext
  readonly create: boolean
  readonly withOperations: boolean
}

function answer(name: string | null, topicId: string, look: Look): TopicAnswer {
  const { core, may } = look.context
  if (topicId !== ZERO_UUID) {
    const topic = core.topics.topicById(topicId)
    const denied = topic && !may(AclOperation.DESCRIBE, ResourceType.TOPIC, topic.name)
    if (topic && !denied) return describe(topic, look)
    const errorCode = denied ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : ErrorCode.UNKNOWN_TOPIC_ID
    return { errorCode, name: null, topicId, isInternal: false, partitions: [] }
  }
  if (name === null) return { errorCode: ErrorCode.INVALID_REQUEST, name: '', partitions: [] }
  // Whether the topic exists is not told to who may not see it, and not even looked at.
  if (!may(AclOperation.DESCRIBE, ResourceType.TOPIC, name)) return refused(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  const topic = core.topics.topic(name)
  if (topic) return describe(topic, look)
  if (look.create && !mayCreate(name, look.context)) {
    return { ...refused(name, ErrorCode.TOPIC_AUTHORIZATION_FAILED), isInternal: isInternalTopic(name) }
  }
  const created = look.create ? autoCreate(core, name) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (typeof created === 'object') return describe(created, look)
  const invalid = invalidTopicName(name) !== undefined
  const errorCode = invalid ? ErrorCode.INVALID_TOPIC_EXCEPTION : created
  return {
    ...refused(name, errorCode),
    isInternal: isInternalTopic(name),
    topicAuthorizedOperations: operationsOn(name, look),
  }
}

function refused(name: string, errorCode: number): TopicAnswer {
  return { errorCode, name, isInternal: false, partitions: [] }
}

function mayCreate(name: string, { may, rights }: RequestContext): boolean {
  const { CREATE } = AclOperation
  return rights.allows(CREATE, ResourceType.CLUSTER, clusterResource) || may(CREATE, ResourceType.TOPIC, name)
}

/** The new topic, or why it could not be created. */
function autoCreate(core: BrokerCore, name: string): Topic | number {
  try {
    if (isInternalTopic(name)) return core.topics.internalTopic(name)
    if (invalidTopicName(name) || core.topics.colliding(name)) return ErrorCode.INVALID_TOPIC_EXCEPTION
    const partitions = core.config.number('num.partitions')
    return noRoomFor(core, partitions)?.errorCode ?? core.topics.create(name, partitions, [])
  } catch {
    return ErrorCode.LEADER_NOT_AVAILABLE
  }
}

function describe(topic: Topic, look: Look): TopicAnswer {
  const { core } = look.context
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: topic.internal,
    partitions: topic.partitions.map((partition) => partitionMetadata(core, partition)),
    topicAuthorizedOperations: operationsOn(topic.name, look),
  }
}

function operationsOn(name: string, { context, withOperations }: Look): number {
  return withOperations ? context.rights.operations(ResourceType.TOPIC, name) : unknownOperations
}
