import { baseError, nearest } from '@millrace/base/internal'
import type { KafkaClientOptions } from '@millrace/kafka'
import { failureHandlers } from '../../core/handlers.ts'
import type { PlanOptions } from '../../core/topology/plan.ts'
import { streamsError } from '../../errors.ts'
import type { StartStreamsOptions } from '../edge/start-streams.ts'
import { adminKeys, consumerKeys, producerKeys, securityAdvice, securityPrefixes } from './client-keys.ts'
import { type ConfigRule, type ConfigTable, ignored, type OptionPath } from './config-rule.ts'
import { type ConfigValue, readValue, textOf } from './read-value.ts'
import { asProcessed, streamsKeys } from './streams-keys.ts'
import { topicSettings } from './topic-settings.ts'

/** Settings under Kafka's names, as a properties file or an environment has them. */
export type StreamsConfig = Readonly<Record<string, ConfigValue>>

/** What settings come to. */
export interface ConfigReading {
  readonly options: Partial<StartStreamsOptions>
  readonly kafka: Partial<KafkaClientOptions>
  readonly plan: Pick<PlanOptions, 'timestamp' | 'explicitNames' | 'storeFormat'>
  /** Sentences about settings that nobody reads. */
  readonly warnings: readonly string[]
}

interface Prefix {
  readonly prefix: string
  readonly table: ConfigTable
}

/** What all of Kafka's clients understand, with or without a prefix. */
const sharedKeys = [
  'bootstrap.servers',
  'client.id',
  'config.providers',
  'connections.max.idle.ms',
  'enable.metrics.push',
  'group.protocol',
  'metadata.max.age.ms',
  'metadata.recovery.rebootstrap.trigger.ms',
  'metadata.recovery.strategy',
  'metric.reporters',
  'metrics.num.samples',
  'metrics.recording.level',
  'metrics.sample.window.ms',
  'receive.buffer.bytes',
  'reconnect.backoff.max.ms',
  'reconnect.backoff.ms',
  'request.timeout.ms',
  'retry.backoff.ms',
  'security.protocol',
  'send.buffer.bytes',
] as const satisfies (keyof typeof streamsKeys)[]

const shared: ConfigTable = Object.fromEntries(sharedKeys.map((key) => [key, streamsKeys[key]]))
const consumers: ConfigTable = { ...shared, ...consumerKeys }
const producers: ConfigTable = { ...shared, ...producerKeys }
const admins: ConfigTable = { ...shared, ...adminKeys }

/** What is said of consumers that restore; logging in is refused as everywhere. */
const restorers: ConfigTable = Object.fromEntries(
  Object.entries(consumers).map(([key, rule]) => [
    key,
    key === 'security.protocol'
      ? rule
      : ignored(rule.type, rule.default, 'State is restored with the settings of the client.'),
  ]),
)

/** Later ones win: what is said of the main consumer is more exact than what is said of all. */
export const prefixes: readonly Prefix[] = [
  { prefix: 'admin.', table: admins },
  { prefix: 'producer.', table: producers },
  { prefix: 'consumer.', table: consumers },
  { prefix: 'global.consumer.', table: restorers },
  { prefix: 'restore.consumer.', table: restorers },
  { prefix: 'main.consumer.', table: consumers },
]

/** Every key that may stand without a prefix. Streams' own come last: of two names for one thing the newer one wins. */
const plain: ConfigTable = { ...adminKeys, ...producerKeys, ...consumerKeys, ...streamsKeys }

const topicPrefix = 'topic.'
const clientTagPrefix = 'client.tag.'

/**
 * Reads settings under Kafka's names into options of ours.
 *
 * @throws STREAMS_CONFIG_UNSUPPORTED for a setting that asks for what is not to be had, CONFIG_INVALID_OPTION for a value
 *   that is none
 */
export function readConfig(config: StreamsConfig): ConfigReading {
  const reading = new Reading(config)
  for (const [key, rule] of Object.entries(plain)) {
    if (Object.hasOwn(config, key)) reading.take(key, rule)
  }
  for (const { prefix, table } of prefixes) {
    for (const [name, rule] of Object.entries(table)) {
      const key = `${prefix}${name}`
      if (Object.hasOwn(config, key)) reading.take(key, rule)
    }
  }
  reading.setAsideWhatIsSkipped()
  reading.handleGlobalFailures()
  reading.takeTopicSettings()
  reading.takeClientTags()
  reading.takeRest()
  return reading
}

class Reading implements ConfigReading {
  readonly options: Record<string, unknown> = {}
  readonly kafka: Record<string, unknown> = {}
  readonly plan: Record<string, unknown> = {}
  readonly warnings: string[] = []
  readonly #config: StreamsConfig
  readonly #taken = new Set<string>()

  constructor(config: StreamsConfig) {
    this.#config = config
  }

  take(key: string, rule: ConfigRule): void {
    this.#taken.add(key)
    const text = textOf(this.#config[key]!)
    if ('only' in rule) {
      if (rule.only.includes(text)) return
      throw unsupported(key, rule.because)
    }
    if (text === null || (text === '' && rule.type !== 'LIST')) return
    const value = checked(key, rule, text)
    if (!('option' in rule)) return
    if (rule.choices === undefined) {
      this.#set(rule.option, value)
      return
    }
    if (!Object.hasOwn(rule.choices, text)) {
      const known = Object.keys(rule.choices).join(', ')
      throw unsupported(key, `${rule.otherwise ?? 'There is no such choice.'} Understood are ${known}.`)
    }
    if (rule.choices[text] !== undefined) this.#set(rule.option, rule.choices[text])
  }

  /** Settings of internal topics, and of nothing else. */
  takeTopicSettings(): void {
    const settings: Record<string, string> = {}
    for (const [key, value] of Object.entries(this.#config)) {
      if (!key.startsWith(topicPrefix)) continue
      const name = key.slice(topicPrefix.length)
      if (!topicSettings.includes(name)) continue
      this.#taken.add(key)
      const text = textOf(value)
      if (text !== null) settings[name] = text
    }
    if (Object.keys(settings).length > 0) this.options.internalTopicConfig = settings
  }

  /** Where the instance runs (KIP-708). */
  takeClientTags(): void {
    const tags: Record<string, string> = {}
    for (const [key, value] of Object.entries(this.#config)) {
      if (!key.startsWith(clientTagPrefix)) continue
      this.#taken.add(key)
      const text = textOf(value)
      if (text !== null) tags[key.slice(clientTagPrefix.length)] = text
    }
    if (Object.keys(tags).length > 0) this.options.clientTags = tags
  }

  takeRest(): void {
    for (const key of Object.keys(this.#config)) {
      if (this.#taken.has(key)) continue
      const bare = withoutPrefix(key)
      if (securityPrefixes.some((prefix) => bare.startsWith(prefix))) throw unsupported(key, securityAdvice)
      const meant = nearest(key, knownKeys())
      const hint = meant === undefined ? '' : `; did you mean "${meant}"?`
      this.warnings.push(`the setting "${key}" is not known to Kafka Streams 4.3, and nobody reads it${hint}`)
    }
  }

  /** Kafka Streams' handlers that go on write to the dead-letter topic, where there is one (KIP-1034). */
  setAsideWhatIsSkipped(): void {
    const { deadLetterTopic, handlers } = this.options
    if (deadLetterTopic === undefined) return
    for (const [stage, handler] of Object.entries((handlers as object | undefined) ?? {})) {
      if (handler === failureHandlers.continue) this.#set(`handlers.${stage}` as OptionPath, failureHandlers.deadLetter)
    }
  }

  /** Processors of global stores get the handler that others have (KIP-1270); they write no dead letters. */
  handleGlobalFailures(): void {
    const handlers = this.options.handlers as Readonly<Record<string, unknown>> | undefined
    if (handlers?.processGlobal !== asProcessed) return
    const { process = failureHandlers.fail } = handlers
    this.#set('handlers.processGlobal', process === failureHandlers.deadLetter ? failureHandlers.continue : process)
  }

  #set(path: OptionPath, value: unknown): void {
    const [group, name] = path.split('.') as [string, string | undefined]
    if (name === undefined) this.options[group] = value
    else if (group === 'kafka') this.kafka[name] = value
    else if (group === 'plan') this.plan[name] = value
    else this.options[group] = { ...(this.options[group] as object | undefined), [name]: value }
  }
}

function checked(key: string, rule: ConfigRule, text: string): unknown {
  try {
    return readValue(rule.type, text)
  } catch (error) {
    const wanted = (error as TypeError).message
    throw baseError('CONFIG_INVALID_OPTION', `config: \`${key}\` must be ${wanted}`, { option: key })
  }
}

function unsupported(key: string, because: string): Error {
  return streamsError('STREAMS_CONFIG_UNSUPPORTED', `the setting "${key}" cannot be had: ${because}`, { setting: key })
}

function withoutPrefix(key: string): string {
  // The longer ones first: `main.consumer.` ends like `consumer.`, but does not begin like it.
  const found = prefixes.find(({ prefix }) => key.startsWith(prefix))
  return found ? key.slice(found.prefix.length) : key
}

/** Every key, with prefixes where they may stand. */
export function knownKeys(): string[] {
  return [
    ...Object.keys(plain),
    ...prefixes.flatMap(({ prefix, table }) => Object.keys(table).map((name) => `${prefix}${name}`)),
    ...topicSettings.map((name) => `${topicPrefix}${name}`),
  ]
}
