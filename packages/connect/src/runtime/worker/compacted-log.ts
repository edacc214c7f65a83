import { type KafkaClient, type Producer, scanTopic } from '@millrace/kafka'
import { connectError } from '../../errors.ts'
import type { TopicSpec } from '../connector.ts'
import { ensureTopics } from '../topics.ts'

export interface CompactedLogOptions {
  readonly client: KafkaClient
  readonly topic: TopicSpec
  /** Called for what is in the topic at the start, in its order, and for what is written afterwards. */
  readonly apply: (key: string, value: unknown) => void
}

/** A small compacted topic of JSON values, as Kafka Connect keeps configs and statuses in. */
export class CompactedLog {
  readonly #options: CompactedLogOptions
  readonly #producer: Producer
  #writing: Promise<unknown> = Promise.resolve()

  private constructor(options: CompactedLogOptions) {
    this.#options = options
    this.#producer = options.client.producer({ deliveryTimeoutMs: 30_000 })
  }

  /** Creates the topic where it is missing and reads it to its end. */
  static async open(options: CompactedLogOptions): Promise<CompactedLog> {
    const { client, topic, apply } = options
    const config = { 'cleanup.policy': 'compact', ...topic.config }
    const partitions = await ensureTopics(client, [{ ...topic, config }])
    await checkTopic(client, topic, partitions.get(topic.name) ?? 1)
    for await (const { key, value } of scanTopic(client, { topic: topic.name })) {
      if (key) apply(key.toString(), value && parse(value))
    }
    return new CompactedLog(options)
  }

  /** Resolves once the values are safe, and applied; null removes one. One call after the other. */
  write(values: Readonly<Record<string, unknown>>): Promise<void> {
    const work = this.#writing.then(() => this.#write(values))
    this.#writing = work.catch(() => {})
    return work
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#producer.close()
  }

  async #write(values: Readonly<Record<string, unknown>>): Promise<void> {
    const { name: topic } = this.#options.topic
    for (const [key, value] of Object.entries(values)) {
      const bytes = value === null ? null : Buffer.from(JSON.stringify(value))
      await this.#producer.send({ topic, key: Buffer.from(key), value: bytes })
      this.#options.apply(key, value)
    }
  }
}

/** @throws CONNECT_TOPIC_UNFIT where it would lose what is written, or its order */
async function checkTopic(client: KafkaClient, { name, partitions }: TopicSpec, count: number): Promise<void> {
  if (partitions === 1 && count !== 1) {
    throw connectError('CONNECT_TOPIC_UNFIT', `${name} has ${count} partitions, and must have one`, { topic: name })
  }
  const [policy] = await client.admin.describeConfigs({ topic: name }, ['cleanup.policy'])
  if (policy === undefined || policy.value === 'compact') return
  const message = `${name} has cleanup.policy=${policy.value}, and must have compact: what is stored there would be deleted`
  throw connectError('CONNECT_TOPIC_UNFIT', message, { topic: name })
}

function parse(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString())
  } catch {
    // What is no JSON is nothing that a worker has written.
    return undefined
  }
}
