import { deadLetterTopic } from '@millrace/base/internal'
import { kafkaClient } from '@millrace/kafka'

/** Committed records in the dead-letter topic of a topic; 0 while there is none. */
export async function deadLetters(brokers: string, topic: string): Promise<number> {
  await using client = kafkaClient({ brokers, clientId: 'shop-audit' })
  const name = deadLetterTopic(topic)
  const described = (await client.admin.listTopics()).find((candidate) => candidate.name === name)
  if (!described) return 0
  const partitions = described.partitions.map(({ partition }) => ({ topic: name, partition }))
  const ends = await client.admin.listOffsets(
    partitions.map((partition) => ({ ...partition, at: 'latest' as const })),
    { isolation: 'read_committed' },
  )
  await using consumer = client.consumer({ isolation: 'read_committed', maxWaitMs: 100 })
  consumer.assign(partitions)
  const left = new Map(ends.filter(({ offset }) => offset > 0).map(({ partition, offset }) => [partition, offset]))
  let count = 0
  while (left.size > 0) {
    for (const { partition, batches, nextOffset } of await consumer.poll({ timeoutMs: 200 })) {
      for (const batch of batches) count += batch.recordCount
      if (nextOffset >= (left.get(partition) ?? 0)) left.delete(partition)
    }
  }
  return count
}
