import type { Clock } from '@millrace/base'
import {
  deadLetterHeaders,
  deadLetterTopic,
  deadLetterTopicConfig,
  maxMessageBytes,
  sendFitting,
} from '@millrace/base/internal'
import type { KafkaClient, Producer, TopicPartition } from '@millrace/kafka'
import type { Header } from '@millrace/protocol'
import { connectError } from '../errors.ts'
import type { BadRecord, SinkConnector } from './connector.ts'
import { reportRecordError } from './diagnostics.ts'
import { PipelineFailure, RetryWindow } from './pipeline.ts'
import { ensureTopics } from './topics.ts'

/** Writes records that cannot be written elsewhere to the dead-letter topic of their own. */
export class DeadLetters {
  readonly #client: KafkaClient
  readonly #connector: SinkConnector
  /** Of each topic, one for those that take records of the same size. */
  readonly #producers = new Map<string, Producer>()
  readonly #bySize = new Map<number, Producer>()
  readonly #clock: Clock
  /** Of partitions with a record that is tried again. */
  readonly #retries = new Map<string, RetryWindow>()

  constructor(client: KafkaClient, connector: SinkConnector, clock: Clock) {
    this.#client = client
    this.#connector = connector
    this.#clock = clock
  }

  /**
   * Resolves with how many were set aside, once all of them are acknowledged; what is skipped does not count.
   *
   * @throws CONNECT_RECORD_RETRIED where one of them is to be tried again, with its batch
   * @throws CONNECT_NO_DEAD_LETTERS where the sink is to fail instead
   */
  async write(records: readonly BadRecord[]): Promise<number> {
    const [first] = records
    if (!first) return 0
    for (const record of records) this.#checkRetry(record)
    if (this.#connector.logBadRecords) for (const record of records) this.#log(record)
    if (this.#connector.onBadRecord === 'fail') {
      const { topic, partition, offset } = first
      const message = `record ${offset} of ${topic}-${partition} cannot be written by ${this.#connector.name}: ${first.error.message}`
      throw connectError('CONNECT_NO_DEAD_LETTERS', message, { topic, partition, offset }, first.error)
    }
    if (this.#connector.onBadRecord === 'skip') return 0
    const place = this.#connector.deadLetters
    for (const { topic } of records) await this.#ensure(place?.topic ?? deadLetterTopic(topic), topic)
    await Promise.all(
      records.map((record) => {
        const topic = place?.topic ?? deadLetterTopic(record.topic)
        const headers = place?.contextHeaders === false ? record.headers : this.#headers(record)
        const letter = { topic, key: record.key, value: record.value, timestamp: record.timestampMs, headers }
        return sendFitting(letter, (form) => this.#producers.get(topic)!.send(form))
      }),
    )
    return records.length
  }

  /** Records of the partition were written, or set aside: the next one that fails has all the time. */
  passed(partition: TopicPartition): void {
    if (this.#retries.size > 0) this.#retries.delete(idOf(partition))
  }

  async close(): Promise<void> {
    for (const producer of this.#bySize.values()) await producer.close()
  }

  #checkRetry({ topic, partition, offset, error }: BadRecord): void {
    const { retryTimeoutMs = 0 } = this.#connector
    if (retryTimeoutMs === 0 || !(error instanceof PipelineFailure) || !error.isRetriable) return
    const id = idOf({ topic, partition })
    const window = this.#retries.get(id) ?? new RetryWindow({ retryTimeoutMs }, this.#clock)
    this.#retries.set(id, window)
    window.check(error, `record ${offset} of ${topic}-${partition}`)
  }

  async #ensure(topic: string, source: string): Promise<void> {
    if (this.#producers.has(topic)) return
    const { admin } = this.#client
    const replicationFactor = this.#connector.deadLetters?.replicationFactor
    const config = await deadLetterTopicConfig(admin, source)
    await ensureTopics(this.#client, [
      { name: topic, config, ...(replicationFactor !== undefined && { replicationFactor }) },
    ])
    const maxBatchBytes = await maxMessageBytes(admin, topic)
    const producer = this.#bySize.get(maxBatchBytes) ?? this.#client.producer({ maxBatchBytes })
    this.#bySize.set(maxBatchBytes, producer)
    this.#producers.set(topic, producer)
  }

  #headers(record: BadRecord): readonly Header[] {
    const { error } = record
    const application = this.#connector.name
    if (!(error instanceof PipelineFailure)) return deadLetterHeaders({ ...record, application }, {})
    const { cause, stage, executingClass: className } = error
    return deadLetterHeaders({ ...record, error: cause, application }, { stage, className })
  }

  #log({ topic, partition, offset, error }: BadRecord): void {
    const { stage, executingClass } =
      error instanceof PipelineFailure ? error : { stage: 'TASK_PUT' as const, executingClass: this.#connector.name }
    reportRecordError({ connector: this.#connector.name, topic, partition, offset, stage, executingClass, error })
  }
}

function idOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}
