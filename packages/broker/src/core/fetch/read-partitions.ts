import { ErrorCode, type FetchResponse, type MessageInput, ZERO_UUID } from '@millrace/protocol'
import type { EpochEnd } from '../log/leader-epochs.ts'
import type { Isolation, Partition } from '../partition.ts'
import type { RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { FileRange } from '../storage/storage.ts'
import type { FetchPlan } from './fetch-request.ts'
import type { FetchedPartition, FetchSession } from './fetch-sessions.ts'
import type { WatchedPartition } from './fetch-watch.ts'

type TopicInput = MessageInput<FetchResponse['responses'][number]>
type PartitionInput = MessageInput<FetchResponse['responses'][number]['partitions'][number]>

/** What a look at the partitions of a fetch found. */
export interface Found {
  readonly response: MessageInput<FetchResponse>
  /** What the response tells. */
  readonly reads: readonly OneRead[]
  /** Bytes of records. */
  readonly bytes: number
  /** Whether a limit, and not the log's end, ended a read. */
  readonly isCut: boolean
  readonly hasError: boolean
}

export interface FetchLimits {
  readonly maxBytes: number
  readonly isolation: Isolation
}

interface OneRead {
  readonly watched: WatchedPartition
  readonly one: FetchedPartition
  readonly data: PartitionInput
  readonly bytes: number
  readonly isCut: boolean
  readonly errorCode: number
}

/** What a fetch needs of its request, also when it answers later: rights may have changed by then. */
export type FetchContext = Pick<RequestContext, 'core' | 'may' | 'principal' | 'apiVersion'>

/** Earlier answers have no room for where logs diverge (KIP-595). */
const firstWithLastEpoch = 12

/** The partition, or why there is none for who asks. */
function resolve({ core, may }: FetchContext, one: FetchedPartition): Partition | number {
  const byId = one.topicId !== ZERO_UUID
  const topic = byId ? core.topics.topicById(one.topicId) : core.topics.topic(one.topic)
  if ((topic || !byId) && !may(AclOperation.READ, ResourceType.TOPIC, topic?.name ?? one.topic)) {
    return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  if (!topic) return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return topic.partitions[one.partition] ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

/**
 * Reads the partitions of the plan within the limits, of a session those that are due. The first batch found comes even if it
 * is larger (KIP-74).
 */
export function readPartitions(context: FetchContext, plan: FetchPlan, limits: FetchLimits): Found {
  const { watch, incremental, session } = plan
  if (session) noteReader(session, context, limits.isolation)
  let remaining = limits.maxBytes
  let bytes = 0
  let isCut = false
  let hasError = false
  const reads: OneRead[] = []
  for (const watched of incremental ? watch.due() : watch.all()) {
    const maxBytes = Math.min(watched.one.maxBytes, remaining)
    const read = readOne(context, watched, maxBytes, limits.isolation, bytes === 0)
    bytes += read.bytes
    remaining -= read.bytes
    isCut ||= read.isCut
    hasError ||= read.errorCode !== ErrorCode.NONE
    const isNews = hasNews(read)
    if (isNews || !incremental) reads.push(read)
    if (session && !isNews && watched.partition) watch.quiet(watched)
  }
  return { response: { sessionId: session?.id ?? 0, responses: byTopic(reads) }, reads, bytes, isCut, hasError }
}

/** What was found quiet for one reader may be news, or none of his business, for another. */
function noteReader(session: FetchSession, { core, principal }: FetchContext, isolation: Isolation): void {
  const rights = core.authorizer.version
  const { reader } = session
  if (reader?.principal === principal && reader.rights === rights && reader.isolation === isolation) return
  session.reader = { principal, rights, isolation }
  session.watch.makeAllDue()
}

/** Gives up what was read and is not sent. */
export function releaseRecords({ reads }: Found): void {
  for (const { data } of reads) if (data.records instanceof FileRange) data.records.release()
}

/** Takes note of what the client has been told; call it for the answer that is sent. */
export function noteSent({ session, watch }: FetchPlan, { reads }: Found): void {
  if (!session) return
  for (const { watched, data, bytes } of reads) {
    watched.one.sentHighWatermark = data.highWatermark ?? -1
    watched.one.sentLogStartOffset = data.logStartOffset ?? -1
    if (bytes > 0) watch.served(watched)
  }
}

function hasNews({ one, data, bytes, errorCode }: OneRead): boolean {
  if (bytes > 0 || errorCode !== ErrorCode.NONE) return true
  return data.highWatermark !== one.sentHighWatermark || data.logStartOffset !== one.sentLogStartOffset
}

function readOne(
  context: FetchContext,
  watched: WatchedPartition,
  maxBytes: number,
  isolation: Isolation,
  atLeastOne: boolean,
): OneRead {
  const { one } = watched
  const partition = resolve(context, one)
  watched.partition = typeof partition === 'number' ? undefined : partition
  if (typeof partition === 'number') return failed(watched, partition)
  const epoch = partition.epochProblem(one.currentLeaderEpoch)
  if (epoch !== ErrorCode.NONE) return failed(watched, epoch)
  if (one.lastFetchedEpoch >= 0 && context.apiVersion >= firstWithLastEpoch) {
    const end = partition.epochs.endOf(one.lastFetchedEpoch, partition.logEndOffset)
    if (end.endOffset < 0) return failed(watched, ErrorCode.OFFSET_OUT_OF_RANGE)
    if (end.leaderEpoch < one.lastFetchedEpoch || end.endOffset < one.fetchOffset)
      return diverging(watched, partition, end)
  }
  const { errorCode, records, nextOffset } = partition.read(one.fetchOffset, maxBytes, isolation, atLeastOne)
  const committed = isolation === 'read_committed'
  const data: PartitionInput = {
    partitionIndex: one.partition,
    errorCode,
    highWatermark: errorCode === ErrorCode.NONE ? partition.highWatermark : -1,
    lastStableOffset: errorCode === ErrorCode.NONE ? partition.lastStableOffset : -1,
    logStartOffset: partition.logStartOffset,
    abortedTransactions: committed ? partition.abortedTransactions(one.fetchOffset, nextOffset) : null,
    records,
  }
  const isCut = records.length > 0 && nextOffset < partition.readableEnd(isolation)
  return { watched, one, data, bytes: records.length, isCut, errorCode }
}

/** The client has records that the log does not have, or not any more: it is told where they part (KIP-595). */
function diverging(watched: WatchedPartition, partition: Partition, end: EpochEnd): OneRead {
  const { one } = watched
  const { highWatermark, lastStableOffset, logStartOffset } = partition
  const data: PartitionInput = {
    partitionIndex: one.partition,
    errorCode: ErrorCode.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions: null,
    divergingEpoch: { epoch: end.leaderEpoch, endOffset: end.endOffset },
    records: Buffer.alloc(0),
  }
  // Not an error, but nothing to wait with either.
  return { watched, one, data, bytes: 0, isCut: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }
}

function failed(watched: WatchedPartition, errorCode: number): OneRead {
  const { one } = watched
  const data: PartitionInput = {
    partitionIndex: one.partition,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: Buffer.alloc(0),
  }
  return { watched, one, data, bytes: 0, isCut: false, errorCode }
}

/** The answer's order is the request's; neighbours of one topic stand together. */
function byTopic(reads: readonly OneRead[]): TopicInput[] {
  const topics: { topic: string; topicId: string; partitions: PartitionInput[] }[] = []
  for (const { one, data } of reads) {
    let last = topics.at(-1)
    if (!last || last.topic !== one.topic || last.topicId !== one.topicId) {
      last = { topic: one.topic, topicId: one.topicId, partitions: [] }
      topics.push(last)
    }
    last.partitions.push(data)
  }
  return topics
}
