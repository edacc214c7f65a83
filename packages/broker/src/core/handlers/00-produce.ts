import {
  apis,
  ErrorCode,
  type MessageInput,
  type ProduceRequest,
  type ProduceResponse,
  RecordBatchView,
} from '@millrace/protocol'
import { brokerError } from '../../errors.ts'
import type { BrokerCore } from '../broker-core.ts'
import type { AppendResult, Partition } from '../partition.ts'
import { Deferred, handler, noResponse, type RequestContext } from '../request.ts'
import { AclOperation, ResourceType } from '../security/authorization.ts'
import { isInternalTopic, type Topic } from '../topics/topic.ts'
import { produceErrorCode } from '../transactions/error-versions.ts'

type TopicData = ProduceRequest['topicData'][number]
type PartitionAnswer = MessageInput<ProduceResponse['responses'][number]['partitionResponses'][number]>

/** One partition of the request on its way into the log. */
interface Entry {
  readonly index: number
  readonly partition: Partition | undefined
  readonly records: Buffer
  errorCode: number
  result: AppendResult | undefined
}

/** Where a batch says in its attributes' lower byte that it belongs to a transaction. */
const attributesPosition = 22
const transactionalBit = 0x10

/** From here on a transactional produce adds its partitions to the transaction itself (KIP-890). */
const implicitAddVersion = 12

/**
 * Produce (0), v3 to v13. acks 0, 1 and all (one node: the same, but 0 is not answered); batches are checked and stored as they came;
 * idempotent repetitions get their first offset; transactional batches only within their transaction (KIP-890);
 * errors per record (KIP-467); topic ids from v13.
 */
export const produce = handler({
  api: apis.Produce,
  versions: [3, 13],
  kips: [98, 110, 467, 482, 516, 890, 896],
  leftOut: 'The new leader in an answer (KIP-951): there is one node, it leads everything.',
  freesRequest: true,
  handle(request, context) {
    const topics = request.topicData.map((data) => ({ data, entries: resolveTopic(data, request, context) }))
    const entries = topics.flatMap((topic) => topic.entries)
    const answer = new Deferred<ProduceResponse>()
    const respond = (): void => {
      if (request.acks === 0) {
        dropAfterFailure(entries, context)
        return
      }
      const responses = topics.map(({ data, entries: own }) => {
        return { name: data.name, topicId: data.topicId, partitionResponses: own.map(answerOf) }
      })
      answer.resolve({ responses })
    }
    if (!mayWriteTransaction(request, context, entries)) {
      for (const entry of entries) entry.errorCode = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    }
    admit(request, context, entries, () => {
      for (const entry of entries) appendEntry(entry, context.core)
      whenAllCommitted(entries, respond)
    })
    return request.acks === 0 ? noResponse : answer
  },
})

/** Who wants no answer is told of a failure as in Kafka: the connection closes, and the client asks for metadata. */
function dropAfterFailure(entries: readonly Entry[], { session }: RequestContext): void {
  const failed = entries.find((entry) => entry.errorCode !== ErrorCode.NONE)
  if (!failed) return
  const fields = { errorCode: failed.errorCode, client: session.clientHost }
  session.drop(brokerError('BROKER_CONNECTION_DROPPED', 'a produce that wants no answer failed', fields))
}

/** Transactional batches need the right to write for their transactional id, all or nothing. */
function mayWriteTransaction(
  { transactionalId }: ProduceRequest,
  { may }: RequestContext,
  entries: readonly Entry[],
): boolean {
  if (!entries.some(({ records }) => isTransactional(records))) return true
  return transactionalId !== null && may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, transactionalId)
}

function resolveTopic(data: TopicData, request: ProduceRequest, context: RequestContext): Entry[] {
  const { core, apiVersion, may } = context
  const byId = apiVersion >= 13
  const topic = byId ? core.topics.topicById(data.topicId) : core.topics.topic(data.name)
  // An id that nobody has says nothing about a name; a name is not looked up for who may not write to it.
  const denied = (topic || !byId) && !may(AclOperation.WRITE, ResourceType.TOPIC, topic?.name ?? data.name)
  return data.partitionData.map(({ index, records }) => {
    const partition = topic?.partitions[index]
    const problem = denied ? ErrorCode.TOPIC_AUTHORIZATION_FAILED : problemOf(topic, partition, request, byId)
    const empty = records === null || records.length === 0 ? ErrorCode.INVALID_RECORD : ErrorCode.NONE
    return { index, partition, records: records ?? Buffer.alloc(0), errorCode: problem || empty, result: undefined }
  })
}

function problemOf(
  topic: Topic | undefined,
  partition: Partition | undefined,
  request: ProduceRequest,
  byId: boolean,
): number {
  if (!topic) return byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (!partition) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (isInternalTopic(topic.name)) return ErrorCode.INVALID_TOPIC_EXCEPTION
  if (request.acks < -1 || request.acks > 1) return ErrorCode.INVALID_REQUIRED_ACKS
  if (request.acks === -1 && topic.config.minInsyncReplicas > 1) return ErrorCode.NOT_ENOUGH_REPLICAS
  return ErrorCode.NONE
}

/** Calls `proceed` when transactional batches may be appended; those that may not carry an error by then. */
function admit(request: ProduceRequest, context: RequestContext, entries: readonly Entry[], proceed: () => void): void {
  const { core, apiVersion } = context
  const transactional = entries.filter((entry) => entry.errorCode === ErrorCode.NONE && transactionalBatch(entry))
  const first = transactional[0] && transactionalBatch(transactional[0])
  const implicit = apiVersion >= implicitAddVersion
  if (!first || !(implicit || core.config.boolean('transaction.partition.verification.enable'))) {
    proceed()
    return
  }
  const { transactionalId } = request
  // Without one it has been refused before.
  const producer = {
    transactionalId: transactionalId!,
    producerId: first.producerId,
    producerEpoch: first.producerEpoch,
  }
  const partitions = transactional.map(({ partition }) => ({ topic: partition!.topic, partition: partition!.index }))
  core.transactions.admit(producer, partitions, implicit, (errorCodes) => {
    for (const [at, entry] of transactional.entries()) {
      entry.errorCode = produceErrorCode(apiVersion, errorCodes[at]!)
      if (implicit && entry.errorCode === ErrorCode.NONE) entry.errorCode = firstSequenceProblem(entry)
    }
    proceed()
  })
}

/**
 * KIP-890: every transaction has an epoch of its own and begins at sequence 0. What comes with another one from a producer that the
 * partition does not know has lost its beginning.
 */
function firstSequenceProblem(entry: Entry): number {
  const batch = transactionalBatch(entry)
  if (!batch || batch.baseSequence === 0 || entry.partition!.producers.producer(batch.producerId)) return ErrorCode.NONE
  return ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
}

/** Looks at one byte: every produce asks. */
function isTransactional(records: Buffer): boolean {
  return records.length > attributesPosition && (records[attributesPosition]! & transactionalBit) !== 0
}

function transactionalBatch(entry: Entry): RecordBatchView | undefined {
  try {
    const batch = new RecordBatchView(entry.records)
    return batch.isTransactional ? batch : undefined
  } catch {
    // Not a batch: the append says so.
    return undefined
  }
}

function appendEntry(entry: Entry, core: BrokerCore): void {
  const { partition, records } = entry
  if (entry.errorCode !== ErrorCode.NONE || !partition) return
  core.run(() => {
    entry.result = partition.append(records, 'client')
  })
  entry.errorCode = entry.result!.errorCode
}

function whenAllCommitted(entries: readonly Entry[], done: () => void): void {
  let missing = 1
  const one = (): void => {
    missing--
    if (missing === 0) done()
  }
  for (const entry of entries) {
    if (entry.errorCode !== ErrorCode.NONE || !entry.partition || !entry.result) continue
    missing++
    entry.partition.whenCommitted(entry.result.lastOffset + 1, (errorCode) => {
      entry.errorCode = errorCode
      one()
    })
  }
  one()
}

function answerOf(entry: Entry): PartitionAnswer {
  const { index, errorCode, result, partition } = entry
  if (errorCode !== ErrorCode.NONE || !result) {
    const errorMessage = result?.errorMessage ?? null
    const recordErrors = (result?.recordErrors ?? []).map((one) => {
      return { batchIndex: one.index, batchIndexErrorMessage: one.message }
    })
    return { index, errorCode, baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1, recordErrors, errorMessage }
  }
  const { baseOffset, logAppendTimeMs } = result
  return { index, errorCode, baseOffset, logAppendTimeMs, logStartOffset: partition!.logStartOffset }
}
