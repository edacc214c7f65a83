import type { RollPolicy } from '../log/partition-log.ts'
import type { BrokerConfig } from './broker-config.ts'
import { listElements } from './definition.ts'
import { topicConfigDefinition } from './topic-config-definitions.ts'

/** A topic's settings: its own, else the broker's, parsed once where every append needs them. */
export class TopicConfig {
  readonly #broker: BrokerConfig
  #own: Map<string, string>
  roll: RollPolicy = { segmentBytes: 0, segmentMs: 0 }
  maxMessageBytes = 0
  compact = false
  deletes = true
  logAppendTime = false
  timestampAfterMaxMs = 0
  timestampBeforeMaxMs = 0
  minInsyncReplicas = 1

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
    const definition = topicConfigDefinition(name)
    if (!definition) throw new TypeError(`no topic setting is called ${name}`)
    const { brokerName, defaultValue } = definition
    return this.#own.get(name) ?? (brokerName === undefined ? defaultValue : this.#broker.string(brokerName))
  }

  number(name: string): number {
    return Number(this.string(name))
  }

  /** Called when the topic's or the broker's settings have changed. */
  refresh(): void {
    const policies = listElements(this.string('cleanup.policy'))
    this.maxMessageBytes = this.number('max.message.bytes')
    this.compact = policies.includes('compact')
    // The active segment is never compacted: it must not be active for longer than compaction may wait.
    const maxLagMs = this.compact ? this.number('max.compaction.lag.ms') : Number.POSITIVE_INFINITY
    const segmentMs = Math.min(this.number('segment.ms'), maxLagMs)
    this.roll = { segmentBytes: this.number('segment.bytes'), segmentMs }
    this.deletes = policies.includes('delete')
    this.logAppendTime = this.string('message.timestamp.type') === 'LogAppendTime'
    this.timestampAfterMaxMs = this.number('message.timestamp.after.max.ms')
    this.timestampBeforeMaxMs = this.number('message.timestamp.before.max.ms')
    this.minInsyncReplicas = this.number('min.insync.replicas')
  }
}
