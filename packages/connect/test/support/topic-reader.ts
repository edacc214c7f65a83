import type { KafkaClient } from '@millrace/kafka'

export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string | null>>
  readonly timestamp: number
}

/** Everything in a topic that a read_committed consumer sees, in the order of each partition. */
export async function readTopic(
  client: KafkaClient,
  topic: string,
  encoding: 'utf8' | 'hex' = 'utf8',
): Promise<ReadRecord[]> {
  const [described] = await client.admin.describeTopics([topic])
  const partitions = (described?.partitions ?? []).map(({ partition }) => ({ topic, partition }))
  const ends = await client.admin.listOffsets(
    partitions.map((partition) => ({ ...partition, at: 'latest' })),
    { isolation: 'read_committed' },
  )
  const consumer = client.consumer({ isolation: 'read_committed' })
  const records: ReadRecord[] = []
  try {
    await consumer.assign(partitions)
    for (const partition of partitions) consumer.seek({ ...partition, offset: 0 })
    while (ends.some((end) => (consumer.position(end) ?? 0) < end.offset)) {
      for (const { partition, batches } of await consumer.poll({ timeoutMs: 200 })) {
        for (const batch of batches) {
          const cursor = batch.cursor()
          while (cursor.next()) {
            records.push({
              partition,
              offset: cursor.offset,
              key: cursor.keyBytes()?.toString() ?? null,
              value: cursor.valueBytes()?.toString(encoding) ?? null,
              headers: Object.fromEntries(cursor.headers().map(({ key, value }) => [key, value?.toString() ?? null])),
              timestamp: cursor.timestamp,
            })
          }
        }
      }
    }
    return records
  } finally {
    await consumer.close()
  }
}

/** Polls until `check` returns something; fails with `what` after the time limit. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const result = await check()
    if (result !== undefined) return result
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
