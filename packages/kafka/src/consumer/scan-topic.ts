import type { KafkaClient } from '../client/client.ts'
import { decodedRecords } from './records.ts'
import type { ConsumedRecord } from './types.ts'

export interface ScanOptions {
  readonly topic: string
  /** Default `earliest`. */
  readonly from?: 'earliest' | 'latest'
  /** Read only this partition, from this offset on. */
  readonly at?: { readonly partition: number; readonly offset: number }
  /** Stop at the end as it was at the beginning; otherwise wait for more. Default true. */
  readonly toEnd?: boolean
  /** Default `read_committed`. */
  readonly isolation?: 'read_committed' | 'read_uncommitted'
  readonly signal?: AbortSignal
}

const pollTimeoutMs = 200

/**
 * Reads a topic without a consumer group, so that nobody's offsets move. Records come in order within a partition.
 * Fails with KAFKA_UNKNOWN_TOPIC_OR_PARTITION when there is no such topic.
 *
 * @example
 * for await (const { partition, offset, value } of scanTopic(client, { topic: 'order' })) …
 */
export async function* scanTopic(client: KafkaClient, options: ScanOptions): AsyncGenerator<ConsumedRecord> {
  const { topic, from = 'earliest', at, toEnd = true, isolation = 'read_committed', signal } = options
  const [described] = await client.admin.describeTopics([topic])
  const all = described!.partitions
    .filter(({ partition }) => at === undefined || partition === at.partition)
    .map(({ partition }) => ({ topic, partition }))
  const listed = (spec: 'earliest' | 'latest') =>
    client.admin.listOffsets(
      all.map((partition) => ({ ...partition, at: spec })),
      { isolation },
    )
  const ends = new Map((await listed('latest')).map(({ partition, offset }) => [partition, offset]))
  const starts = (await listed(from)).map(({ partition, offset }) => ({ partition, offset: at?.offset ?? offset }))
  await using consumer = client.consumer({ isolation, autoOffsetReset: 'earliest', maxWaitMs: pollTimeoutMs })
  consumer.assign(all)
  for (const start of starts) consumer.seek({ topic, ...start })
  const unfinished = starts.filter(({ partition, offset }) => offset < (ends.get(partition) ?? 0))
  const open = new Set(unfinished.map(({ partition }) => partition))
  while (!signal?.aborted && (!toEnd || open.size > 0)) {
    for (const fetched of await consumer.poll({ timeoutMs: pollTimeoutMs, ...(signal && { signal }) })) {
      yield* decodedRecords(fetched)
      if (fetched.nextOffset >= (ends.get(fetched.partition) ?? 0)) open.delete(fetched.partition)
    }
  }
}
