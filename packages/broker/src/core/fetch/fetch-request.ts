import { ErrorCode, type FetchRequest } from '@millrace/protocol'
import {
  epochAfter,
  type FetchedPartition,
  type FetchSession,
  type FetchSessions,
  fetchedKey,
} from './fetch-sessions.ts'

/** What a request asks for once its session is taken into account. */
export interface FetchPlan {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
  /** The session that the answer belongs to. */
  readonly session: FetchSession | undefined
  /** Whether the answer leaves out partitions about which there is nothing new. */
  readonly incremental: boolean
}

const finalEpoch = -1
const initialEpoch = 0

function refused(errorCode: number): FetchPlan {
  return { errorCode, partitions: [], session: undefined, incremental: false }
}

const firstWithTopicIds = 13
const firstWithLastEpoch = 12

/** Opens, continues or ends the session that the request names (KIP-227). */
export function planFetch(request: FetchRequest, apiVersion: number, sessions: FetchSessions): FetchPlan {
  const usesTopicIds = apiVersion >= firstWithTopicIds
  const { sessionId, sessionEpoch } = request
  if (sessionEpoch === finalEpoch || sessionEpoch === initialEpoch) {
    if (sessionId !== 0) sessions.remove(sessionId)
    const partitions = requestedPartitions(request)
    const session = sessionEpoch === initialEpoch ? sessions.create(partitions, usesTopicIds) : undefined
    return { errorCode: ErrorCode.NONE, partitions, session, incremental: false }
  }
  const session = sessions.get(sessionId)
  if (!session) return refused(ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  if (sessionEpoch !== session.epoch) return refused(ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  if (usesTopicIds !== session.usesTopicIds) return refused(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  session.epoch = epochAfter(session.epoch)
  for (const one of requestedPartitions(request)) {
    const key = fetchedKey(one)
    const known = session.partitions.get(key)
    if (known) {
      one.sentHighWatermark = known.sentHighWatermark
      one.sentLogStartOffset = known.sentLogStartOffset
    }
    session.partitions.set(key, one)
  }
  for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
    for (const partition of partitions) session.partitions.delete(fetchedKey({ topic, topicId, partition }))
  }
  const partitions = [...session.partitions.values()]
  // The session may have begun in a version whose answers have room for where logs diverge (KIP-595).
  const askable =
    apiVersion >= firstWithLastEpoch ? partitions : partitions.map((one) => ({ ...one, lastFetchedEpoch: -1 }))
  return { errorCode: ErrorCode.NONE, partitions: askable, session, incremental: true }
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
