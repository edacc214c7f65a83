import type { KafkaClient } from '@millrace/kafka'
import type { Output } from './simulated-application.ts'

/** Everything that a reader of committed records finds in the topics, in the order of each partition. */
export async function readAll(client: KafkaClient, topics: readonly string[], partitions: number): Promise<Output[]> {
  const all = topics.flatMap((topic) => Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  const consumer = client.consumer({ isolation: 'read_committed', autoOffsetReset: 'earliest' })
  consumer.assign(all)
  const ends = new Map(
    (await consumer.endOffsets(all)).map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]),
  )
  const outputs: Output[] = []
  const isRead = ({ topic, partition }: { topic: string; partition: number }): boolean =>
    (consumer.position({ topic, partition }) ?? 0) >= (ends.get(`${topic}/${partition}`) ?? 0)
  while (!all.every(isRead)) {
    for (const { topic, batches, firstOffset } of await consumer.poll({ timeoutMs: 100 })) {
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.next(); ) {
          if (cursor.offset < firstOffset) continue
          const value = cursor.valueBytes()
          const parsed: unknown = value === null ? null : JSON.parse(value.toString())
          outputs.push({ topic, key: cursor.keyBytes()?.toString() ?? '', value: parsed })
        }
      }
    }
  }
  await consumer.close()
  return outputs
}
