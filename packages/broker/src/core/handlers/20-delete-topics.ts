import { apis, type DeleteTopicsResponse, ErrorCode, type MessageInput, ZERO_UUID } from '@millrace/protocol'
import type { BrokerCore } from '../broker-core.ts'
import { handler } from '../request.ts'

type Answer = MessageInput<DeleteTopicsResponse['responses'][number]>

/** DeleteTopics (20), v1 to v6: by name, from v6 by id too. Open fetches and commits of the topic end with an error. */
export const deleteTopics = handler({
  api: apis.DeleteTopics,
  versions: [1, 6],
  handle(request, { core, apiVersion }) {
    const wanted = apiVersion >= 6 ? request.topics : request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
    return { responses: wanted.map(({ name, topicId }) => deleteOne(core, name, topicId)) }
  },
})

function deleteOne(core: BrokerCore, name: string | null, topicId: string): Answer {
  const refused = (errorCode: number, errorMessage: string | null = null): Answer => {
    return { name, topicId, errorCode, errorMessage }
  }
  if (name !== null && topicId !== ZERO_UUID) {
    return refused(ErrorCode.INVALID_REQUEST, 'A topic is named by name or by id, not both.')
  }
  const topic = name === null ? core.topics.topicById(topicId) : core.topics.topic(name)
  if (!topic) return refused(name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  if (!core.config.boolean('delete.topic.enable')) return refused(ErrorCode.TOPIC_DELETION_DISABLED)
  if (topic.internal) return refused(ErrorCode.INVALID_REQUEST, `Topic '${topic.name}' is the broker's own.`)
  try {
    core.topics.delete(topic)
  } catch (error) {
    return refused(ErrorCode.KAFKA_STORAGE_ERROR, (error as Error).message)
  }
  return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE }
}
