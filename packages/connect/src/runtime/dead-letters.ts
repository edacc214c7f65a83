import { deadLetterHeaders, deadLetterTopic } from '@millrace/base/internal'
import type { KafkaClient, Producer } from '@millrace/kafka'
import { connectError } from '../errors.ts'
import type { BadRecord, SinkConnector } from './connector.ts'
import { ensureTopics } from './topics.ts'

/** Writes records that cannot be written elsewhere to the dead-letter topic of their own. */
export class DeadLetters {
  readonly #client: KafkaClient
  readonly #connector: SinkConnector
  #producer: Producer | undefined
  readonly #topics = new Set<string>()

  constructor(client: KafkaClient, connector: SinkConnector) {
    this.#client = client
    this.#connector = connector
  }

  /** Resolves once all of them are acknowledged. @throws CONNECT_NO_DEAD_LETTERS where the sink is to fail instead */
  async write(records: readonly BadRecord[]): Promise<void> {
    const [first] = records
    if (!first) return
    if (this.#connector.onBadRecord === 'fail') {
      const { topic, partition, offset } = first
      const message = `record ${offset} of ${topic}-${partition} cannot be written by ${this.#connector.name}: ${first.error.message}`
      throw connectError('CONNECT_NO_DEAD_LETTERS', message, { topic, partition, offset }, first.error)
    }
    this.#producer ??= this.#client.producer({})
    const producer = this.#producer
    for (const { topic } of records) await this.#ensure(deadLetterTopic(topic))
    await Promise.all(
      records.map((record) =>
        producer.send({
          topic: deadLetterTopic(record.topic),
          key: record.key,
          value: record.value,
          timestamp: record.timestampMs,
          headers: deadLetterHeaders({ ...record, application: this.#connector.name }, {}),
        }),
      ),
    )
  }

  async close(): Promise<void> {
    await this.#producer?.close()
  }

  async #ensure(topic: string): Promise<void> {
    if (this.#topics.has(topic)) return
    await ensureTopics(this.#client, [{ name: topic }])
    this.#topics.add(topic)
  }
}
