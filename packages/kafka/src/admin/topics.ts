import { apis, ErrorCode } from '@millrace/protocol'
import type { Cluster } from '../client/cluster.ts'
import type { TopicMetadata } from '../client/metadata.ts'
import { retrying } from '../client/retry.ts'
import { brokerError, errorCodeOf, isConnectionError } from '../errors.ts'
import type { ClusterDescription, NewTopic, TopicDescription } from './types.ts'

export async function createTopics(cluster: Cluster, topics: readonly NewTopic[], ifNotExists: boolean): Promise<void> {
  if (topics.length === 0) return
  const timeoutMs = cluster.settings.requestTimeoutMs
  const body = {
    timeoutMs,
    topics: topics.map(({ name, partitions = -1, replicationFactor = -1, config = {} }) => ({
      name,
      numPartitions: partitions,
      replicationFactor,
      configs: Object.entries(config).map(([key, value]) => ({ name: key, value })),
    })),
  }
  let replyLost = false
  await attempts(cluster, 'CreateTopics', async () => {
    const response = await cluster.request(apis.CreateTopics, body, { to: 'any' }).catch((error: unknown) => {
      replyLost ||= isConnectionError(error)
      throw error
    })
    // After a lost reply "already exists" is most likely our own doing.
    const accepted = ifNotExists || replyLost ? [ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS] : [ErrorCode.NONE]
    check(response.topics, accepted, 'create')
  })
  await ready(
    cluster,
    topics.map(({ name, partitions = 1 }) => ({ name, partitions: ifNotExists ? 1 : partitions })),
  )
}

export async function deleteTopics(cluster: Cluster, names: readonly string[], ifExists: boolean): Promise<void> {
  if (names.length === 0) return
  const timeoutMs = cluster.settings.requestTimeoutMs
  const body = (version: number) =>
    version >= 6 ? { topics: names.map((name) => ({ name })), timeoutMs } : { topicNames: names, timeoutMs }
  let replyLost = false
  for (const name of names) cluster.metadata.forget(name)
  const attempt = async (): Promise<void> => {
    const response = await cluster.request(apis.DeleteTopics, body, { to: 'any' }).catch((error: unknown) => {
      replyLost ||= isConnectionError(error)
      throw error
    })
    const gone = ifExists || replyLost ? [ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION] : [ErrorCode.NONE]
    check(response.responses, gone, 'delete')
  }
  // A missing topic is an answer here, not a reason to wait for it.
  const canRetry = (error: unknown): boolean => errorCodeOf(error) !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  await attempts(cluster, 'DeleteTopics', attempt, canRetry)
}

export async function createPartitions(
  cluster: Cluster,
  topics: readonly { readonly topic: string; readonly count: number }[],
): Promise<void> {
  const timeoutMs = cluster.settings.requestTimeoutMs
  const body = { topics: topics.map(({ topic: name, count }) => ({ name, count, assignments: null })), timeoutMs }
  await cluster.requestRetrying(apis.CreatePartitions, body, { to: 'any' }, ({ results }) => {
    check(results, [ErrorCode.NONE], 'add partitions to')
  })
  await ready(
    cluster,
    topics.map(({ topic: name, count: partitions }) => ({ name, partitions })),
  )
}

export async function describeTopics(
  cluster: Cluster,
  names: readonly string[],
  ifExists: boolean,
): Promise<TopicDescription[]> {
  const canRetry = (error: unknown): boolean => errorCodeOf(error) !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return attempts(
    cluster,
    'Metadata',
    async () => {
      const failed = await cluster.refreshMetadata(names)
      return names.flatMap((name) => {
        const topic = cluster.metadata.topic(name)
        if (topic !== undefined) return [description(topic)]
        const errorCode = failed.get(name) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        if (ifExists && errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return []
        throw brokerError(errorCode, `topic ${name}`, { topic: name })
      })
    },
    canRetry,
  )
}

export async function listTopics(cluster: Cluster, internal: boolean): Promise<TopicDescription[]> {
  const body = { topics: null, allowAutoTopicCreation: false }
  const response = await cluster.requestRetrying(apis.Metadata, body, { to: 'any' })
  cluster.metadata.update(response, cluster.settings.clock.now())
  const names = response.topics.flatMap(({ name, errorCode }) => (name !== null && errorCode === 0 ? [name] : []))
  return names
    .flatMap((name) => cluster.metadata.topic(name) ?? [])
    .filter(({ isInternal }) => internal || !isInternal)
    .map(description)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

export async function describeCluster(cluster: Cluster): Promise<ClusterDescription> {
  const response = await cluster.requestRetrying(
    apis.DescribeCluster,
    {},
    { to: 'any' },
    ({ errorCode, errorMessage }) => {
      if (errorCode !== 0) throw brokerError(errorCode, 'DescribeCluster', {}, errorMessage)
    },
  )
  const { clusterId, controllerId, brokers } = response
  return {
    clusterId,
    controllerId,
    brokers: brokers.map(({ brokerId: id, host, port, rack }) => ({ id, host, port, rack })),
  }
}

function attempts<T>(
  cluster: Cluster,
  what: string,
  attempt: () => Promise<T>,
  canRetry: (error: unknown) => boolean = () => true,
): Promise<T> {
  const { operationTimeoutMs } = cluster.settings
  return retrying(cluster.retryContext, what, operationTimeoutMs, attempt, {
    canRetry: (error) => (error as { retriable?: boolean }).retriable === true && canRetry(error),
  })
}

/** Brokers learn of a new topic a moment after its creation was confirmed. */
async function ready(
  cluster: Cluster,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  const names = topics.map(({ name }) => name)
  await attempts(cluster, 'waiting for leaders', async () => {
    await cluster.refreshMetadata(names)
    for (const { name, partitions } of topics) {
      const known = cluster.metadata.topic(name)
      if (
        known !== undefined &&
        known.partitions.length >= partitions &&
        known.partitions.every(({ leader }) => leader >= 0)
      )
        continue
      throw brokerError(ErrorCode.LEADER_NOT_AVAILABLE, `topic ${name}`, { topic: name })
    }
  })
}

function check(
  results: readonly {
    readonly name: string | null
    readonly errorCode: number
    readonly errorMessage: string | null
  }[],
  accepted: readonly number[],
  action: string,
): void {
  const failed = results.find(({ errorCode }) => !accepted.includes(errorCode))
  if (failed === undefined) return
  const { name, errorCode, errorMessage } = failed
  throw brokerError(errorCode, `cannot ${action} topic ${name}`, { topic: name ?? undefined }, errorMessage)
}

function description({ name, topicId, isInternal, partitions }: TopicMetadata): TopicDescription {
  return { name, topicId, isInternal, partitions }
}
