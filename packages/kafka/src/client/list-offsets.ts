import { apis } from '@millrace/protocol'
import { brokerError, errorCodeOf, isRetriable, staleMetadataCodes } from '../errors.ts'
import { groupByTopic } from '../offset-topics.ts'
import type { Cluster } from './cluster.ts'
import { retrying } from './retry.ts'

/** Timestamps that ListOffsets gives a meaning of its own (KIP-734). */
export const latestTimestamp = -1
export const earliestTimestamp = -2
export const maxTimestampTimestamp = -3

export interface OffsetQuery {
  readonly topic: string
  readonly partition: number
  readonly timestamp: number
}

export interface OffsetAnswer {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export interface ListOffsetsOptions {
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly purpose?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Asks the partitions' leaders; answers come in the order of the queries. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  options: ListOffsetsOptions,
): Promise<OffsetAnswer[]> {
  const answers = new Map<OffsetQuery, OffsetAnswer>()
  const { signal, timeoutMs = cluster.settings.operationTimeoutMs } = options
  await retrying(
    cluster.retryContext,
    'ListOffsets',
    timeoutMs,
    async (leftMs) => {
      const open = queries.filter((query) => !answers.has(query))
      const asked = await Promise.allSettled(
        (await byLeader(cluster, open)).map(([node, inNode]) =>
          ask(cluster, node, inNode, answers, { ...options, leftMs }),
        ),
      )
      const errors = asked.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []))
      if (errors.length === 0) return
      const worst = errors.find((error) => !isRetriable(error)) ?? errors[0]
      for (const topic of new Set(open.map((query) => query.topic))) cluster.metadata.forget(topic)
      throw worst
    },
    { ...(signal && { signal }) },
  )
  return queries.map((query) => answers.get(query) as OffsetAnswer)
}

/** One list per request: by leader, and a partition only once in each, since brokers refuse one that comes twice. */
async function byLeader(cluster: Cluster, queries: readonly OffsetQuery[]): Promise<[number, OffsetQuery[]][]> {
  const requests = new Map<string, [number, OffsetQuery[]]>()
  const seen = new Map<string, number>()
  for (const query of queries) {
    const { topic: name, partition } = query
    const known = (await cluster.topic(name)).partitions[partition]
    if (known === undefined) {
      throw brokerError(unknownPartition, `${name}-${partition}`, { topic: name, partition })
    }
    const turn = seen.get(`${name}-${partition}`) ?? 0
    seen.set(`${name}-${partition}`, turn + 1)
    const key = `${known.leader}-${turn}`
    const request = requests.get(key)
    if (request === undefined) requests.set(key, [known.leader, [query]])
    else request[1].push(query)
  }
  return [...requests.values()]
}

async function ask(
  cluster: Cluster,
  node: number,
  queries: readonly OffsetQuery[],
  answers: Map<OffsetQuery, OffsetAnswer>,
  options: ListOffsetsOptions & { readonly leftMs: number },
): Promise<void> {
  if (node < 0) throw brokerError(leaderNotAvailable, 'ListOffsets')
  const { isolation, purpose, leftMs } = options
  const timeoutMs = Math.min(cluster.settings.requestTimeoutMs, leftMs)
  const topics = groupByTopic(queries).map(([name, inTopic]) => ({
    name,
    partitions: inTopic.map(({ partition, timestamp }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: cluster.metadata.partition(name, partition)?.leaderEpoch ?? -1,
      timestamp,
    })),
  }))
  const body = { replicaId: -1, isolationLevel: isolation === 'read_committed' ? 1 : 0, topics, timeoutMs }
  const to = { to: { node }, timeoutMs, ...(purpose !== undefined && { purpose }) }
  const response = await cluster.request(apis.ListOffsets, body, to)
  let failed: unknown
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex: partition, errorCode, offset, timestamp, leaderEpoch } of partitions) {
      if (errorCode !== 0) {
        const error = brokerError(errorCode, `offset of ${name}-${partition}`, { topic: name, partition })
        if (failed === undefined || !staleMetadataCodes.has(errorCodeOf(error) as number)) failed = error
        continue
      }
      for (const query of queries) {
        if (query.topic !== name || query.partition !== partition) continue
        answers.set(query, { topic: name, partition, offset, timestamp, leaderEpoch })
      }
    }
  }
  if (failed !== undefined) throw failed
}

const unknownPartition = 3
const leaderNotAvailable = 5
