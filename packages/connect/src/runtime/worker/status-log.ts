import type { Clock } from '@millrace/base'
import type { CompactedLog } from './compacted-log.ts'
import type { ConnectorStateInfo, StateInfo } from './states.ts'

/** A topic that a connector was seen to use. */
interface ActiveTopic {
  readonly name: string
  readonly connector: string
  readonly task: number
  readonly discoverTimestamp: number
}

/** Statuses and active topics as Kafka Connect's status topic has them (`KafkaStatusBackingStore`). */
export class StatusLog {
  readonly #topics = new Map<string, ActiveTopic>()
  readonly #written = new Map<string, string>()
  readonly #clock: Clock
  /** Set once the topic has been read; a worker without topics has none. */
  log: CompactedLog | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  apply(key: string, value: unknown): void {
    if (key.startsWith('status-topic-')) {
      const topic = (value as { readonly topic?: ActiveTopic } | null)?.topic
      if (topic) this.#topics.set(key, topic)
      else this.#topics.delete(key)
    } else if (value === null) this.#written.delete(key)
    else this.#written.set(key, JSON.stringify(value))
  }

  activeTopics(connector: string): string[] {
    return [...this.#topics.values()].flatMap((topic) => (topic.connector === connector ? topic.name : [])).sort()
  }

  async resetTopics(connector: string): Promise<void> {
    await this.#put(Object.fromEntries(this.#keysOf(connector).map((key) => [key, null])))
  }

  /** Writes what has changed since it was written last. */
  async publish(status: ConnectorStateInfo, generation: number, topics: ReadonlySet<string>): Promise<void> {
    const { name, connector, tasks } = status
    const values: Record<string, unknown> = {}
    const add = (key: string, value: unknown): void => {
      if (this.#written.get(key) !== JSON.stringify(value)) values[key] = value
    }
    add(`status-connector-${name}`, record(connector, generation))
    for (const task of tasks) add(`status-task-${name}-${task.id}`, record(task, generation))
    if (tasks.length === 0 && this.#written.has(`status-task-${name}-0`)) values[`status-task-${name}-0`] = null
    for (const topic of topics) {
      const key = topicKey(topic, name)
      if (this.#topics.has(key)) continue
      values[key] = { topic: { name: topic, connector: name, task: 0, discoverTimestamp: this.#clock.now() } }
    }
    await this.#put(values)
  }

  /** All that is known of a connector that was deleted. */
  async forget(connector: string): Promise<void> {
    const keys = [`status-connector-${connector}`, `status-task-${connector}-0`, ...this.#keysOf(connector)]
    await this.#put(Object.fromEntries(keys.map((key) => [key, null])))
  }

  async #put(values: Readonly<Record<string, unknown>>): Promise<void> {
    if (Object.keys(values).length === 0) return
    // Known at once: the next round must not write it again because this one still waits.
    for (const [key, value] of Object.entries(values)) this.apply(key, value)
    await this.log?.write(values)
  }

  #keysOf(connector: string): string[] {
    return [...this.#topics].flatMap(([key, topic]) => (topic.connector === connector ? key : []))
  }
}

function topicKey(topic: string, connector: string): string {
  return `status-topic-${topic}:connector-${connector}`
}

function record({ state, trace, worker_id }: StateInfo, generation: number): Record<string, unknown> {
  return { state, trace: trace ?? null, worker_id, generation }
}
