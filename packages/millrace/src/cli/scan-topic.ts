import { type ConsumedRecord, decodedRecords, type KafkaClient } from '@millrace/kafka'
import { noTopic } from '../errors.ts'

export interface ScanOptions {
  readonly topic: string
  /** Default `earliest`. */
  readonly from?: 'earliest' | 'latest'
  /** Read only this partition, from this offset on. */
  readonly at?: { readonly partition: number; readonly offset: number }
  /** Stop at the end as it was at the beginning; otherwise wait for more. Default true. */
  readonly toEnd?: boolean
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  readonly signal?: AbortSignal
}

const pollTimeoutMs = 200

/**
 * Reads a topic without a consumer group, so that nobody's offsets move.
 * @throws NOT_FOUND when there is no such topic.
 */
export async function* scanTopic(client: KafkaClient, options: ScanOptions): AsyncGenerator<ConsumedRecord> {
  const { topic, from = 'earliest', at, toEnd = true, isolation = 'read_committed', signal } = options
  const all = (await partitionsOf(client, topic))
    .filter((partition) => at === undefined || partition === at.partition)
    .map((partition) => ({ topic, partition }))
  const listed = (spec: 'earliest' | 'latest') =>
    client.admin.listOffsets(
      all.map((partition) => ({ ...partition, at: spec })),
      { isolation },
    )
  const ends = new Map((await listed('latest')).map(({ partition, offset }) => [partition, offset]))
  const starts = await listed(from)
  await using consumer = client.consumer({ isolation, autoOffsetReset: 'earliest', maxWaitMs: pollTimeoutMs })
  consumer.assign(all)
  for (const { partition, offset } of starts) consumer.seek({ topic, partition, offset: at?.offset ?? offset })
  const open = new Set(
    starts
      .filter(({ partition, offset }) => (at?.offset ?? offset) < (ends.get(partition) ?? 0))
      .map(({ partition }) => partition),
  )
  while (!signal?.aborted && (!toEnd || open.size > 0)) {
    for (const fetched of await consumer.poll({ timeoutMs: pollTimeoutMs, ...(signal && { signal }) })) {
      yield* decodedRecords(fetched)
      if (fetched.nextOffset >= (ends.get(fetched.partition) ?? 0)) open.delete(fetched.partition)
    }
  }
}

async function partitionsOf(client: KafkaClient, topic: string): Promise<number[]> {
  const described = (await client.admin.listTopics({ internal: true })).find(({ name }) => name === topic)
  if (!described) throw noTopic(topic)
  return described.partitions.map(({ partition }) => partition)
}
