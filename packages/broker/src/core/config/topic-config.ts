import type { TopicCompression } from '../log/change-batch.ts'
import type { RollPolicy } from '../log/partition-log.ts'
import type { BrokerConfig } from './broker-config.ts'
import { listElements } from './definition.ts'
import { topicConfigDefinition } from './topic-config-definitions.ts'

/** Kafka's way to say never is the greatest number there is. */
function finite(value: number): number {
  return value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value
}

/** `segment.index.bytes` counts in entries of Kafka's larger index, the one by time. */
const timeIndexEntryBytes = 12

/** The value for topics that have none of their own. */
export function inheritedTopicConfig(broker: BrokerConfig, name: string): string {
  const definition = topicConfigDefinition(name)
  if (!definition) throw new TypeError(`no topic setting is called ${name}`)
  const { brokerName, defaultValue } = definition
  return brokerName === undefined ? defaultValue : broker.string(brokerName)
}

/** A topic's settings: its own, else the broker's, parsed once where every append needs them. */
export class TopicConfig {
  readonly #broker: BrokerConfig
  #own: Map<string, string>
  roll: RollPolicy = { segmentBytes: 0, segmentMs: 0, jitterMs: 0, maxIndexEntries: 0, indexIntervalBytes: 0 }
  /** Undefined: batches stay as producers compress them. */
  compression: TopicCompression | undefined
  maxMessageBytes = 0
  compact = false
  deletes = true
  logAppendTime = false
  timestampAfterMaxMs = 0
  timestampBeforeMaxMs = 0
  minInsyncReplicas = 1
  /** Records, and milliseconds, after which the log is synced whatever the durability policy says; infinite when nobody asked. */
  flush = { messages: Number.POSITIVE_INFINITY, ms: Number.POSITIVE_INFINITY }

  constructor(broker: BrokerConfig, own: Iterable<readonly [string, string]> = []) {
    this.#broker = broker
    this.#own = new Map(own)
    this.refresh()
  }

  /** Settings made for this topic. */
  get own(): ReadonlyMap<string, string> {
    return this.#own
  }

  replaceOwn(own: Iterable<readonly [string, string]>): void {
    this.#own = new Map(own)
    this.refresh()
  }

  string(name: string): string {
    return this.#own.get(name) ?? this.inherited(name)
  }

  /** The value for topics that have none of their own. */
  inherited(name: string): string {
    return inheritedTopicConfig(this.#broker, name)
  }

  number(name: string): number {
    return Number(this.string(name))
  }

  #topicCompression(): TopicCompression | undefined {
    const type = this.string('compression.type')
    if (type === 'producer') return undefined
    if (type === 'uncompressed') return { type: 'none', level: undefined }
    const level = type === 'gzip' || type === 'zstd' ? this.number(`compression.${type}.level`) : undefined
    return { type: type as TopicCompression['type'], level }
  }

  /** Called when the topic's or the broker's settings have changed. */
  refresh(): void {
    const policies = listElements(this.string('cleanup.policy'))
    this.maxMessageBytes = this.number('max.message.bytes')
    this.compact = policies.includes('compact')
    // The active segment is never compacted: it must not be active for longer than compaction may wait.
    const maxLagMs = this.compact ? this.number('max.compaction.lag.ms') : Number.POSITIVE_INFINITY
    const segmentMs = Math.min(this.number('segment.ms'), maxLagMs)
    this.roll = {
      segmentBytes: this.number('segment.bytes'),
      segmentMs,
      jitterMs: Math.min(this.number('segment.jitter.ms'), segmentMs),
      maxIndexEntries: Math.max(1, Math.floor(this.number('segment.index.bytes') / timeIndexEntryBytes)),
      indexIntervalBytes: this.number('index.interval.bytes'),
    }
    this.compression = this.#topicCompression()
    this.deletes = policies.includes('delete')
    this.logAppendTime = this.string('message.timestamp.type') === 'LogAppendTime'
    this.timestampAfterMaxMs = this.number('message.timestamp.after.max.ms')
    this.timestampBeforeMaxMs = this.number('message.timestamp.before.max.ms')
    this.minInsyncReplicas = this.number('min.insync.replicas')
    this.flush = { messages: finite(this.number('flush.messages')), ms: finite(this.number('flush.ms')) }
  }
}
