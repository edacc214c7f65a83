import { deadLetterTopic } from '@millrace/base/internal'
import { kafkaClient, scanTopic } from '@millrace/kafka'

/** Committed records in the dead-letter topic of a topic; 0 while there is none. */
export async function deadLetters(brokers: string, topic: string): Promise<number> {
  await using client = kafkaClient({ brokers, clientId: 'shop-audit' })
  const name = deadLetterTopic(topic)
  const topics = await client.admin.listTopics()
  if (!topics.some((described) => described.name === name)) return 0
  let count = 0
  for await (const _ of scanTopic(client, { topic: name })) count++
  return count
}
