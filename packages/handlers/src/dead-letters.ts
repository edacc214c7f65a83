import {
  deadLetterHeaders,
  deadLetterTopic,
  deadLetterTopicConfig,
  maxMessageBytes,
  sendFitting,
} from '@millrace/base/internal'
import type { KafkaClient, Producer } from '@millrace/kafka'
import type { RawMessage } from './message.ts'

/** A message that cannot be handled, and why. */
export interface Failure {
  readonly stage: 'deserialize' | 'process'
  readonly error: unknown
  /** Attempts made, the first included. */
  readonly attempt: number
}

/**
 * Writes messages to the dead-letter topic, with the bytes and headers they came with. A letter is acknowledged before
 * the offset of its message may be committed: a process that dies in between writes it again, and readers tell by
 * application, topic, partition and offset (`deadLetterId`) that it is the same.
 */
export class DeadLetters {
  readonly #client: KafkaClient
  readonly #application: string
  readonly #topic: string
  readonly #source: string
  #producer: Promise<Producer> | undefined

  constructor(client: KafkaClient, options: { application: string; topic: string | undefined; source: string }) {
    this.#client = client
    this.#application = options.application
    this.#source = options.source
    this.#topic = options.topic ?? deadLetterTopic(options.source)
  }

  async send(raw: RawMessage, failure: Failure): Promise<void> {
    const { topic, partition, offset, headers } = raw
    const application = this.#application
    this.#producer ??= this.#open()
    const opened = this.#producer
    try {
      const producer = await opened
      const letter = {
        topic: this.#topic,
        key: raw.keyBytes,
        value: raw.valueBytes,
        timestamp: raw.timestamp,
        headers: deadLetterHeaders({ topic, partition, offset, headers, application, ...failure }),
      }
      await sendFitting(letter, (form) => producer.send(form))
    } catch (error) {
      // A producer that failed stays so; the next try begins with a new one.
      if (this.#producer === opened) this.#producer = undefined
      void opened.then((producer) => producer.close()).catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined)
    await producer?.close()
  }

  async #open(): Promise<Producer> {
    const { admin } = this.#client
    const config = await deadLetterTopicConfig(admin, this.#source)
    await admin.createTopics([{ name: this.#topic, config }], { ifNotExists: true })
    return this.#client.producer({ maxBatchBytes: await maxMessageBytes(admin, this.#topic) })
  }
}
