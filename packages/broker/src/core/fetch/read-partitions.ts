import { ErrorCode, type FetchResponse, type MessageInput, ZERO_UUID } from '@millrace/protocol'
import { epochProblem } from '../handlers/leader-epoch.ts'
import type { EpochEnd } from '../log/leader-epochs.ts'
import type { Isolation, Partition } from '../partition.ts'
import type { RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { FileRange } from '../storage/storage.ts'
import type { FetchPlan } from './fetch-request.ts'
import { type FetchedPartition, fetchedKey } from './fetch-sessions.ts'

type TopicInput = MessageInput<FetchResponse['responses'][number]>
type PartitionInput = MessageInput<FetchResponse['responses'][number]['partitions'][number]>

/** What a look at the partitions of a fetch found. */
export interface Found {
  readonly response: MessageInput<FetchResponse>
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
  readonly one: FetchedPartition
  readonly data: PartitionInput
  readonly bytes: number
  readonly isCut: boolean
  readonly errorCode: number
}

/** What a fetch needs of its request, also when it answers later: rights may have changed by then. */
export type FetchContext = Pick<RequestContext, 'core' | 'may'>

/** The partition, or why there is none for who asks. */
export function resolve({ core, may }: FetchContext, one: FetchedPartition): Partition | number {
  const byId = one.topicId !== ZERO_UUID
  const topic = byId ? core.topics.topicById(one.topicId) : core.topics.topic(one.topic)
  if ((topic || !byId) && !may(AclOperation.READ, ResourceType.TOPIC, topic?.name ?? one.topic)) {
    return ErrorCode.TOPIC_AUTHORIZATION_FAILED
  }
  if (!topic) return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return topic.partitions[one.partition] ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

/** Reads every partition of the plan within the limits. The first batch found comes even if it is larger (KIP-74). */
export function readPartitions(context: FetchContext, plan: FetchPlan, limits: FetchLimits): Found {
  let remaining = limits.maxBytes
  let bytes = 0
  let isCut = false
  let hasError = false
  const reads: OneRead[] = []
  for (const one of plan.partitions) {
    const read = readOne(context, one, Math.min(one.maxBytes, remaining), limits.isolation, bytes === 0)
    bytes += read.bytes
    remaining -= read.bytes
    isCut ||= read.isCut
    hasError ||= read.errorCode !== ErrorCode.NONE
    reads.push(read)
  }
  const told = plan.incremental ? reads.filter(hasNews) : reads
  return { response: { sessionId: plan.session?.id ?? 0, responses: byTopic(told) }, bytes, isCut, hasError }
}

/** Gives up what was read and is not sent. */
export function releaseRecords(response: MessageInput<FetchResponse>): void {
  for (const { partitions } of response.responses ?? []) {
    for (const { records } of partitions ?? []) if (records instanceof FileRange) records.release()
  }
}

/** Takes note of what the client has been told; call it for the answer that is sent. */
export function noteSent(plan: FetchPlan, response: MessageInput<FetchResponse>): void {
  const { session } = plan
  if (!session) return
  for (const { topic = '', topicId = ZERO_UUID, partitions } of response.responses ?? []) {
    for (const told of partitions ?? []) {
      const key = fetchedKey({ topic, topicId, partition: told.partitionIndex ?? 0 })
      const one = session.partitions.get(key)
      if (!one) continue
      one.sentHighWatermark = told.highWatermark ?? -1
      one.sentLogStartOffset = told.logStartOffset ?? -1
      if (!told.records?.length) continue
      session.partitions.delete(key)
      session.partitions.set(key, one)
    }
  }
}

function hasNews({ one, data, bytes, errorCode }: OneRead): boolean {
  if (bytes > 0 || errorCode !== ErrorCode.NONE) return true
  return data.highWatermark !== one.sentHighWatermark || data.logStartOffset !== one.sentLogStartOffset
}

function readOne(
  context: FetchContext,
  one: FetchedPartition,
  maxBytes: number,
  isolation: Isolation,
  atLeastOne: boolean,
): OneRead {
  const partition = resolve(context, one)
  if (typeof partition === 'number') return failed(one, partition)
  const epoch = epochProblem(partition, one.currentLeaderEpoch)
  if (epoch !== ErrorCode.NONE) return failed(one, epoch)
  if (one.lastFetchedEpoch >= 0) {
    const end = partition.epochs.endOf(one.lastFetchedEpoch, partition.logEndOffset)
    if (end.endOffset < 0) return failed(one, ErrorCode.OFFSET_OUT_OF_RANGE)
    if (end.leaderEpoch < one.lastFetchedEpoch || end.endOffset < one.fetchOffset) return diverging(one, partition, end)
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
  return { one, data, bytes: records.length, isCut, errorCode }
}

/** The client has records that the log does not have, or not any more: it is told where they part (KIP-595). */
function diverging(one: FetchedPartition, partition: Partition, end: EpochEnd): OneRead {
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
  return { one, data, bytes: 0, isCut: false, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }
}

function failed(one: FetchedPartition, errorCode: number): OneRead {
  const data: PartitionInput = {
    partitionIndex: one.partition,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: [],
    records: Buffer.alloc(0),
  }
  return { one, data, bytes: 0, isCut: false, errorCode }
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
