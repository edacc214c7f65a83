import {
  apis,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  ErrorCode,
  type MessageInput,
} from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { describeTopicConfig } from '../config/describe.ts'
import { onlyOnce, repeated } from '../only-once.ts'
import { handler } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { checkNewTopic } from '../topics/check-topic.ts'
import type { Topic } from '../topics/topic.ts'

type Answer = MessageInput<CreateTopicsResponse['topics'][number]>
type Creatable = CreateTopicsRequest['topics'][number]

/** CreateTopics (19), v2 to v7: names, partitions and settings checked as in Kafka; one replica is all there is. */
export const createTopics = handler({
  api: apis.CreateTopics,
  versions: [2, 7],
  kips: [4, 464, 482, 516, 525, 599],
  leftOut: 'Throttling by quota (KIP-599): quotas come later; replicas beyond the one node.',
  handle(request, context) {
    const { may, rights } = context
    const mayAll = rights.allows(AclOperation.CREATE, ResourceType.CLUSTER, clusterResource)
    const twice = repeated(request.topics.map(({ name }) => name))
    const topics = onlyOnce(request.topics, ({ name }) => name).map((wanted): Answer => {
      if (twice.has(wanted.name)) {
        return { name: wanted.name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' }
      }
      if (!mayAll && !may(AclOperation.CREATE, ResourceType.TOPIC, wanted.name)) {
        const errorMessage = 'Authorization failed.'
        return { name: wanted.name, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, errorMessage, configs: [] }
      }
      const answer = create(context.core, wanted, request.validateOnly)
      const described = rights.allows(AclOperation.DESCRIBE_CONFIGS, ResourceType.TOPIC, wanted.name)
      return described || answer.errorCode ? answer : withoutConfigs(answer)
    })
    return { topics }
  },
})

/** Who may create a topic but not see its settings gets its id and no more. */
function withoutConfigs({ name, topicId }: Answer): Answer {
  return { name, topicId, topicConfigErrorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, configs: [] }
}

function create(core: BrokerCore, wanted: Creatable, validateOnly: boolean): Answer {
  const { name } = wanted
  const checked = checkNewTopic(core, wanted)
  if ('errorCode' in checked) return { name, ...checked, numPartitions: -1, replicationFactor: -1, configs: [] }
  if (validateOnly) return { name, numPartitions: checked.partitions, replicationFactor: 1, configs: [] }
  try {
    return created(core, core.topics.create(name, checked.partitions, checked.config))
  } catch (error) {
    return { name, errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage: (error as Error).message, configs: [] }
  }
}

function created(core: BrokerCore, topic: Topic): Answer {
  const wanted = { names: null, synonyms: false, documentation: false }
  const configs = describeTopicConfig(topic.config, core.config, wanted).map(({ name, value, configSource }) => {
    return { name, value, configSource, readOnly: false, isSensitive: false }
  })
  const { name, id: topicId } = topic
  return { name, topicId, numPartitions: topic.partitions.length, replicationFactor: 1, configs }
}
