import { isMillraceError } from '@millrace/base'
import type { KafkaClient } from '@millrace/kafka'
import type { TopicSpec } from './connector.ts'

/** Creates the topics that are missing and returns how many partitions each has. */
export async function ensureTopics(client: KafkaClient, topics: readonly TopicSpec[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const topic of topics) {
    if (counts.has(topic.name)) continue
    let count = await partitionCount(client, topic.name)
    if (count === undefined) {
      await client.admin.createTopics([topic], { ifNotExists: true })
      count = (await partitionCount(client, topic.name)) ?? 1
    }
    counts.set(topic.name, count)
  }
  return counts
}

async function partitionCount(client: KafkaClient, name: string): Promise<number | undefined> {
  try {
    const [topic] = await client.admin.describeTopics([name])
    return topic?.partitions.length
  } catch (error) {
    if (isMillraceError(error) && error.code === 'KAFKA_UNKNOWN_TOPIC_OR_PARTITION') return undefined
    throw error
  }
}
