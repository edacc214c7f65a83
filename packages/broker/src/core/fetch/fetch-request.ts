import { ErrorCode, type FetchRequest } from '@millrace/protocol'
import {
  epochAfter,
  type FetchedPartition,
  type FetchSession,
  type FetchSessions,
  fetchedKey,
} from './fetch-sessions.ts'
import { FetchWatch } from './fetch-watch.ts'

/** What a request asks for once its session is taken into account. */
export interface FetchPlan {
  readonly errorCode: number
  readonly watch: FetchWatch
  /** The session that the answer belongs to. */
  readonly session: FetchSession | undefined
  /** Whether the answer leaves out partitions about which there is nothing new. */
  readonly incremental: boolean
}

const finalEpoch = -1
const initialEpoch = 0

function refused(errorCode: number): FetchPlan {
  return { errorCode, watch: new FetchWatch(), session: undefined, incremental: false }
}

const firstWithTopicIds = 13

/** Opens, continues or ends the session that the request names (KIP-227). */
export function planFetch(request: FetchRequest, apiVersion: number, sessions: FetchSessions): FetchPlan {
  const usesTopicIds = apiVersion >= firstWithTopicIds
  const { sessionId, sessionEpoch } = request
  if (sessionEpoch === finalEpoch || sessionEpoch === initialEpoch) {
    if (sessionId !== 0) sessions.remove(sessionId)
    const watch = new FetchWatch()
    for (const one of requestedPartitions(request)) watch.set(fetchedKey(one), one)
    const session = sessionEpoch === initialEpoch ? sessions.create(watch, usesTopicIds) : undefined
    return { errorCode: ErrorCode.NONE, watch, session, incremental: false }
  }
  const session = sessions.get(sessionId)
  if (!session) return refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  if (sessionEpoch !== session.epoch) return refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  if (usesTopicIds !== session.usesTopicIds) return refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  session.epoch = epochAfter(session.epoch)
  const { watch } = session
  for (const one of requestedPartitions(request)) watch.set(fetchedKey(one), one)
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) watch.delete(fetchedKey({ topic, topicId, partition }))
  }
  return { errorCode: ErrorCode.NONE, watch, session, incremental: true }
}

function requestedPartitions(request: FetchRequest): FetchedPartition[] {
  return request.topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map((one) => ({
      topic,
      topicId,
      partition: one.partition,
      currentLeaderEpoch: one.currentLeaderEpoch,
      fetchOffset: one.fetchOffset,
      lastFetchedEpoch: one.lastFetchedEpoch,
      maxBytes: one.partitionMaxBytes,
      sentHighWatermark: -1,
      sentLogStartOffset: -1,
    })),
  )
}
