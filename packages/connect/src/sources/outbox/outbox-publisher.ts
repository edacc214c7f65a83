import { deadLetterHeaders, deadLetterTopic } from '@millrace/base/internal'
import type { Header } from '@millrace/protocol'
import { connectError } from '../../errors.ts'
import type { SourceOutput } from '../../runtime/connector.ts'

/** What identifies a row whose topic is not among those of the source. Its payload is not passed on. */
export interface UnknownTopicRow {
  readonly id: string
  readonly aggregateType: string
  readonly aggregateId: string
  readonly type: string
}

/** `fail` stops the source; a function returns the topic to write to, or undefined to leave the row out. */
export type OnUnknownTopic = 'fail' | 'skip' | 'dead-letter' | ((row: UnknownTopicRow) => string | undefined)

/** The record that a row of an outbox becomes. */
export interface OutboxRecord {
  readonly timestampMs: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

/** Sends the events of an outbox to their topics. */
export class OutboxPublisher {
  readonly #connector: string
  readonly #topics: ReadonlySet<string>
  readonly #onUnknownTopic: OnUnknownTopic

  constructor(connector: string, topics: readonly string[], onUnknownTopic: OnUnknownTopic) {
    this.#connector = connector
    this.#topics = new Set(topics)
    this.#onUnknownTopic = onUnknownTopic
  }

  /** `describe` is asked only about a row for a topic that the source was not given. */
  publish(topic: string, record: OutboxRecord, describe: () => UnknownTopicRow, output: SourceOutput): void {
    const { timestampMs, key, value, headers } = record
    if (this.#topics.has(topic)) output.append(topic, timestampMs, key, value, headers)
    else this.#unknownTopic(record, describe(), output)
  }

  #unknownTopic(record: OutboxRecord, row: UnknownTopicRow, output: SourceOutput): void {
    const { timestampMs, key, value, headers } = record
    if (this.#onUnknownTopic === 'skip') return
    if (typeof this.#onUnknownTopic === 'function') {
      const chosen = this.#onUnknownTopic(row)
      if (chosen === undefined) return
      if (this.#topics.has(chosen)) {
        output.append(chosen, timestampMs, key, value, headers)
        return
      }
    }
    const error = connectError(
      'CONNECT_TOPIC_UNKNOWN',
      `outbox row ${row.id} is addressed to topic "${row.aggregateType}", which ${this.#connector} was not given`,
      { connector: this.#connector, topic: row.aggregateType, event: row.id },
    )
    if (this.#onUnknownTopic !== 'dead-letter') throw error
    const failure = {
      topic: row.aggregateType,
      partition: -1,
      offset: -1,
      stage: 'produce',
      error,
      application: this.#connector,
      headers,
    }
    output.append(deadLetterTopic(this.#connector), timestampMs, key, value, deadLetterHeaders(failure, {}))
  }
}
