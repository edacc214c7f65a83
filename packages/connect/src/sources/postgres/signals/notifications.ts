import { channel } from 'node:diagnostics_channel'
import type { ConnectSchema } from '../../../data/schema.ts'
import type { SourceOutput } from '../../../runtime/connector.ts'

const notifications = channel('millrace:connect:notification')

/** What a source tells about its snapshots and signals, in Debezium's form. */
export interface Notification {
  /** Of the signal that it answers. */
  readonly id: string
  readonly aggregate_type: string
  readonly type: string
  readonly additional_data: Readonly<Record<string, string>>
  readonly timestamp: number
}

export interface NotificationOptions {
  /** Topic that they are written to, in the transaction that holds what they are about. */
  readonly topic?: string
  /** Called for each. */
  readonly on?: (notification: Notification) => void
}

const text: ConnectSchema = { type: 'string' }
const keySchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.common.NotificationKey',
  version: 1,
  fields: [{ name: 'id', schema: text }],
}
const valueSchema: ConnectSchema = {
  type: 'struct',
  name: 'io.debezium.connector.common.Notification',
  version: 1,
  fields: [
    { name: 'id', schema: text },
    { name: 'type', schema: text },
    { name: 'aggregate_type', schema: text },
    { name: 'additional_data', schema: { type: 'map', keySchema: text, valueSchema: text, optional: true } },
    { name: 'timestamp', schema: { type: 'int64' } },
  ],
}

/** Collects notifications until the next records are published, so that they go to Kafka with what they are about. */
export class Notifier {
  readonly #options: NotificationOptions
  readonly #connector: string
  #waiting: Notification[] = []

  constructor(connector: string, options: NotificationOptions = {}) {
    this.#connector = connector
    this.#options = options
  }

  notify(notification: Omit<Notification, 'timestamp'>, timestamp: number): void {
    const data = { connector_name: this.#connector, ...notification.additional_data }
    const whole = { ...notification, additional_data: data, timestamp }
    if (notifications.hasSubscribers) notifications.publish({ connector: this.#connector, ...whole })
    this.#options.on?.(whole)
    if (this.#options.topic !== undefined) this.#waiting.push(whole)
  }

  flush(output: SourceOutput): void {
    const { topic } = this.#options
    if (topic === undefined || this.#waiting.length === 0) return
    for (const notification of this.#waiting) {
      const { id, additional_data: data, timestamp } = notification
      const value = { ...notification, additional_data: new Map(Object.entries(data)), timestamp: BigInt(timestamp) }
      output.record({
        topic,
        partition: undefined,
        timestampMs: timestamp,
        key: { schema: keySchema, value: { id } },
        value: { schema: valueSchema, value },
        headers: [],
      })
    }
    this.#waiting = []
  }
}
