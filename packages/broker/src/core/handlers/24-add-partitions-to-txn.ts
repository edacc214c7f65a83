import { type AddPartitionsToTxnRequest, type AddPartitionsToTxnResponse, apis, ErrorCode } from '@millrace/protocol'
import { Deferred, handler, type RequestContext } from '../request.ts'
import { AclOperation, clusterResource, ResourceType } from '../security/authorization.ts'
import { isInternalTopic } from '../topics/topic.ts'
import { fencedSince } from '../transactions/error-versions.ts'
import type { TopicPartition } from '../transactions/transaction.ts'
import type { ProducerOf } from '../transactions/transaction-coordinator.ts'

type Topics = AddPartitionsToTxnRequest['v3AndBelowTopics']

interface TopicResult {
  readonly name: string
  readonly resultsByPartition: { readonly partitionIndex: number; readonly partitionErrorCode: number }[]
}

/**
 * AddPartitionsToTxn (24), v0 to v5: up to v3 from clients, for one transaction; from v4 the form that brokers use among
 * themselves, for several transactions and to verify only (KIP-890).
 */
export const addPartitionsToTxn = handler({
  api: apis.AddPartitionsToTxn,
  versions: [0, 5],
  kips: [98, 482, 588, 890],
  handle(request, context) {
    const answer = new Deferred<AddPartitionsToTxnResponse>()
    if (context.apiVersion < 4) {
      const producer = {
        transactionalId: request.v3AndBelowTransactionalId,
        producerId: request.v3AndBelowProducerId,
        producerEpoch: request.v3AndBelowProducerEpoch,
      }
      const denied = !context.may(AclOperation.WRITE, ResourceType.TRANSACTIONAL_ID, producer.transactionalId)
      if (denied) {
        const refused = resultsOf(request.v3AndBelowTopics, () => ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        return { resultsByTopicV3AndBelow: refused }
      }
      add(producer, request.v3AndBelowTopics, 0, context, (resultsByTopicV3AndBelow) =>
        answer.resolve({ resultsByTopicV3AndBelow }),
      )
      return answer
    }
    if (!context.may(AclOperation.CLUSTER_ACTION, ResourceType.CLUSTER, clusterResource)) {
      return { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
    }
    const resultsByTransaction: { transactionalId: string; topicResults: TopicResult[] }[] = []
    const finish = (): void => {
      if (resultsByTransaction.length === request.transactions.length) answer.resolve({ resultsByTransaction })
    }
    for (const transaction of request.transactions) {
      const { transactionalId, topics } = transaction
      const done = (topicResults: TopicResult[]): void => {
        resultsByTransaction.push({ transactionalId, topicResults })
        finish()
      }
      if (transaction.verifyOnly) {
        done(resultsOf(topics, (partition) => context.core.transactions.verify(transaction, partition)))
      } else add(transaction, topics, 2, context, done)
    }
    finish()
    return answer
  },
})

/** All or nothing: beside a partition that does not exist, the others are not added either. */
function add(
  producer: ProducerOf,
  topics: Topics,
  clientVersion: number,
  context: RequestContext,
  done: (results: TopicResult[]) => void,
): void {
  const { core, apiVersion } = context
  const partitions = topics.flatMap(({ name: topic, partitions: indexes }) =>
    indexes.map((partition) => ({ topic, partition })),
  )
  const problemOf = ({ topic, partition }: TopicPartition): number => {
    if (apiVersion < 4 && !mayWrite(topic, context)) return ErrorCode.TOPIC_AUTHORIZATION_FAILED
    return core.partition(topic, partition) ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }
  if (partitions.some(problemOf)) {
    done(resultsOf(topics, (partition) => problemOf(partition) || ErrorCode.OPERATION_NOT_ATTEMPTED))
    return
  }
  core.transactions.addPartitions(producer, partitions, clientVersion, (errorCode) => {
    done(resultsOf(topics, () => fencedSince(2, apiVersion, errorCode)))
  })
}

/** The broker's own topics are for nobody to write to. */
function mayWrite(topic: string, { may }: RequestContext): boolean {
  return !isInternalTopic(topic) && may(AclOperation.WRITE, ResourceType.TOPIC, topic)
}

function resultsOf(topics: Topics, codeOf: (partition: TopicPartition) => number): TopicResult[] {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => ({
      partitionIndex: partition,
      partitionErrorCode: codeOf({ topic: name, partition }),
    })),
  }))
}
