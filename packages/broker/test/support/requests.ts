import { apis, type FetchResponse, type MessageInput, type ProduceResponse } from '@millrace/protocol'
import type { CoreClient, Pending } from './core-client.ts'

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number]
type ProducedPartition = ProduceResponse['responses'][number]['partitionResponses'][number]

/** Begins a produce of one batch to one partition. */
export function beginProduce(
  client: CoreClient,
  topic: string,
  records: Buffer,
  options: { partition?: number; acks?: number; transactionalId?: string | null; version?: number } = {},
): Pending<ProduceResponse> {
  const { partition: index = 0, acks = -1, transactionalId = null, version = 11 } = options
  return client.begin(apis.Produce, version, {
    transactionalId,
    acks,
    timeoutMs: 1000,
    topicData: [{ name: topic, partitionData: [{ index, records }] }],
  })
}

/** Produces one batch to one partition, answered at once. */
export function produce(
  client: CoreClient,
  topic: string,
  records: Buffer,
  options: Parameters<typeof beginProduce>[3] = {},
): ProducedPartition {
  const { body } = beginProduce(client, topic, records, options)
  if (!body) throw new Error('the produce was not answered at once')
  return body.responses[0]!.partitionResponses[0]!
}

type FetchOptions = {
  partition?: number
  maxBytes?: number
  partitionMaxBytes?: number
  minBytes?: number
  maxWaitMs?: number
  committed?: boolean
  version?: number
}

export function fetchBody(topic: string, fetchOffset: number, options: FetchOptions = {}): MessageInput<never> {
  const { partition = 0, maxBytes = 1_000_000, partitionMaxBytes = 1_000_000, committed = false } = options
  return {
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 1,
    maxBytes,
    isolationLevel: committed ? 1 : 0,
    sessionEpoch: -1,
    topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes }] }],
  } as MessageInput<never>
}

/** Fetches from one partition; the answer may have to wait for data or time. */
export function beginFetch(
  client: CoreClient,
  topic: string,
  fetchOffset: number,
  options: FetchOptions = {},
): Pending<FetchResponse> {
  return client.begin(apis.Fetch, options.version ?? 12, fetchBody(topic, fetchOffset, options))
}

export function fetchNow(
  client: CoreClient,
  topic: string,
  offset: number,
  options: FetchOptions = {},
): FetchedPartition {
  const { body } = beginFetch(client, topic, offset, options)
  if (!body) throw new Error('the fetch was not answered at once')
  return body.responses[0]!.partitions[0]!
}
