import { apis, type DeleteTopicsResponse, ErrorCode, type MessageInput, ZERO_UUID } from '@millrace/protocol'
import { onlyOnce, repeated } from '../only-once.ts'
import { recorded } from '../refusal.ts'
import { handler, type RequestContext } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'

type Answer = MessageInput<DeleteTopicsResponse['responses'][number]>

/** DeleteTopics (20), v1 to v6: by name, from v6 by id too. Open fetches and commits of the topic end with an error. */
export const deleteTopics = handler({
  api: apis.DeleteTopics,
  versions: [1, 6],
  kips: [4, 482, 516, 599],
  leftOut: 'Throttling by quota (KIP-599): quotas come later.',
  handle(request, context) {
    const { apiVersion } = context
    const wanted = apiVersion >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
    const twice = repeated(wanted.map(keyOf))
    const responses = onlyOnce(wanted, keyOf).map((one): Answer => {
      const { name, topicId } = one
      if (!twice.has(keyOf(one))) return deleteOne(context, name, topicId)
      const errorMessage = `Duplicate topic ${name === null ? 'id' : 'name'}.`
      return { name, topicId, errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
    })
    return { responses }
  },
})

interface Wanted {
  readonly name: string | null
  readonly topicId: string
}

function keyOf({ name, topicId }: Wanted): string {
  return name === null ? topicId : `${topicId} ${name}`
}

function deleteOne(context: RequestContext, name: string | null, topicId: string): Answer {
  const { core } = context
  const refused = (errorCode: number, errorMessage: string | null = null): Answer => {
    return { name, topicId, errorCode, errorMessage }
  }
  if (name !== null && topicId !== ZERO_UUID) {
    return refused(ErrorCode.INVALID_REQUEST, 'A topic is named by name or by id, not both.')
  }
  if (name === null && topicId === ZERO_UUID) {
    return refused(ErrorCode.INVALID_REQUEST, 'Neither topic name nor id were specified.')
  }
  const topic = name === null ? core.topics.topicById(topicId) : core.topics.topic(name)
  // Only who may see a topic learns whether it exists, or what name an id has.
  if (name !== null && !mayTo(AclOperation.DESCRIBE, name, context)) {
    return refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  }
  if (!topic) return refused(name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (!mayTo(AclOperation.DELETE, topic.name, context)) {
    const visible = context.rights.allows(AclOperation.DESCRIBE, ResourceType.TOPIC, topic.name)
    return { ...refused(ErrorCode.TOPIC_AUTHORIZATION_FAILED), name: visible ? topic.name : name }
  }
  if (!core.config.boolean('delete.topic.enable')) return refused(ErrorCode.TOPIC_DELETION_DISABLED)
  if (topic.internal) return refused(ErrorCode.INVALID_REQUEST, `Topic '${topic.name}' is the broker's own.`)
  const failure = recorded(() => core.topics.delete(topic))
  if (failure) return refused(failure.errorCode, failure.errorMessage)
  return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE }
}

/** The right to delete from the cluster stands for both. */
function mayTo(operation: AclOperation, name: string, { may, rights }: RequestContext): boolean {
  const mayAll = rights.allows(AclOperation.DELETE, ResourceType.CLUSTER, clusterResource)
  return mayAll || may(operation, ResourceType.TOPIC, name)
}
