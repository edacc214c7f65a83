import type { KafkaClient } from '@millrace/kafka'

/** Everything committed in a topic of JSON values, partition by partition in order. */
export async function committedRecords(
  client: KafkaClient,
  topic: string,
  partitions: number,
): Promise<{ readonly key: string; readonly value: unknown }[]> {
  await using consumer = client.consumer({ isolation: 'read_committed' })
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  consumer.assign(all)
  const ends = await consumer.endOffsets(all)
  const records: { key: string; value: unknown }[] = []
  while (ends.some((end) => (consumer.position(end) ?? 0) < end.offset)) {
    for (const { batches, firstOffset } of await consumer.poll({ timeoutMs: 100 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset < firstOffset) continue
          const value: unknown = JSON.parse(cursor.valueBytes()?.toString() ?? 'null')
          records.push({ key: cursor.keyBytes()?.toString() ?? '', value })
        }
      }
    }
  }
  return records
}

/** Asks until the answer is yes. */
export async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
