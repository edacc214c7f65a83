import type { KafkaClient } from '@millrace/kafka'
import type { ConfigDef, Properties } from '../../config/config-def.ts'
import { connectError } from '../../errors.ts'
import type { Predicate, Transform } from '../../transforms/transform.ts'
import type { SinkConnector, SourceConnector, TopicSpec } from '../connector.ts'
import { defaultPipeline } from '../default-pipeline.ts'
import { reportNotice } from '../diagnostics.ts'
import type { ErrorPolicy, RecordPipeline } from '../pipeline.ts'
import type { ConnectorPlugin, PluginContext } from '../plugin.ts'
import type { SinkRunnerOptions, SourceRunnerOptions } from '../runner-options.ts'
import { runSink } from '../sink-runner.ts'
import { runSource } from '../source-runner.ts'
import type { RunningConnector } from '../status.ts'
import { connectorConfig, sinkConfig, sourceConfig } from './common-config.ts'
import { aliases, connectorDefinition } from './connector-definition.ts'
import type { PluginRegistry } from './plugin-registry.ts'
import { topicRules } from './topic-creation.ts'
import { conditionally } from './transform-chain.ts'

/** What connectors of one worker share. */
export interface ConnectorHome {
  readonly client: KafkaClient
  readonly registry: PluginRegistry
  /** Prefix of transactional ids: `<groupId>-<connector>-<task>`, as Kafka Connect's tasks have them. */
  readonly groupId: string
  readonly offsetsTopic: string
  /** Converters of connectors that name none: `key.converter`, `key.converter.schemas.enable`. */
  readonly defaults: Properties
}

/** A connector as its properties describe it, ready to be run. */
export interface BuiltConnector {
  readonly plugin: ConnectorPlugin
  readonly connector: SourceConnector | SinkConnector
  /** Where a source's position lies. */
  readonly positions: {
    readonly topic: string
    /** Read where that has none. */
    readonly fallbackTopic?: string | undefined
    readonly transactionalId: string
  }
  readonly groupId: string
  /** Whether the topics that a pattern names are others by now. */
  isOutdated(): Promise<boolean>
  run(): RunningConnector
  close(): void
}

/**
 * Makes a connector of its properties, in which secrets have been filled in.
 * @param given the same before they were.
 * @throws CONNECT_CONFIG_INVALID
 */
export async function buildConnector(
  properties: Properties,
  home: ConnectorHome,
  given = properties,
): Promise<BuiltConnector> {
  const { registry, client } = home
  const plugin = pluginOf(registry, properties)
  const { definition, problems } = connectorDefinition(registry, plugin, properties)
  const name = (properties.name ?? '').trim()
  if (problems.size > 0) {
    const text = [...problems].map(([property, problem]) => `${property}: ${problem}`).join('; ')
    throw connectError('CONNECT_CONFIG_INVALID', `${name}: ${text}`, { where: name })
  }
  definition.parse(name, properties, given)
  for (const text of definition.withoutEffect(properties)) reportNotice(name, text)
  const errors = errorPolicy(properties)
  const pipeline = {
    ...pipelineOf(registry, properties, home.defaults),
    ...(plugin.type === 'sink' && { application: name }),
  }
  const own = ownProperties(plugin, properties)
  const topics = await topicsOf(client, plugin, properties)
  const context: PluginContext = { name, client, pipeline, errors, topics }
  const isOutdated = async (): Promise<boolean> =>
    Boolean(properties['topics.regex']) && namesOf(await topicsOf(client, plugin, properties)) !== namesOf(topics)
  const close = (): void => {
    for (const transform of pipeline.transforms) transform.close?.()
  }
  const { groupId } = home
  const transactionalId = `${groupId}-${name}-0`
  if (plugin.type === 'sink') {
    const connector = withErrors(plugin.create(own, context), errors)
    const options = sinkOptions(properties, client, name)
    const positions = { topic: home.offsetsTopic, transactionalId }
    return {
      plugin,
      connector,
      positions,
      groupId: options.groupId!,
      isOutdated,
      run: () => runSink(connector, options),
      close,
    }
  }
  const created = plugin.create(own, context)
  const connector = replaced(created, { pipeline, errors, newTopic: topicRules(properties, created) })
  const options = sourceOptions(properties, home, transactionalId)
  const { positionsTopic, fallbackPositionsTopic: fallbackTopic } = options
  const positions = { topic: positionsTopic!, fallbackTopic, transactionalId }
  return { plugin, connector, positions, groupId, isOutdated, run: () => runSource(connector, options), close }
}

/** @throws CONNECT_CONFIG_INVALID */
export function pluginOf(registry: PluginRegistry, properties: Properties): ConnectorPlugin {
  const where = properties.name ?? 'a connector'
  const className = properties['connector.class']?.trim()
  if (!className) {
    const message = `${where}: Missing required configuration "connector.class" which has no default value.`
    throw connectError('CONNECT_CONFIG_INVALID', message, { where })
  }
  const plugin = registry.connectors.find(className)
  if (plugin) return plugin
  throw connectError('CONNECT_CONFIG_INVALID', `${where}: ${registry.connectors.unknown(className)}`, { where })
}

/** Those that the plugin is made with. */
export function ownProperties(plugin: ConnectorPlugin, properties: Properties): Properties {
  const common = plugin.type === 'source' ? sourceConfig : sinkConfig
  const ownConfig = plugin.further ? plugin.configDef.and(plugin.further(properties)) : plugin.configDef
  return Object.fromEntries(Object.entries(properties).filter(([property]) => isOwn(property, ownConfig, common.keys)))
}

/** What the plugin's own definition knows; all else is the runtime's, and was checked with the whole. */
function isOwn(property: string, { keys, passThrough }: ConfigDef, common: object): boolean {
  if (Object.hasOwn(keys, property)) return true
  return !Object.hasOwn(common, property) && passThrough.some((prefix) => property.startsWith(prefix))
}

function errorPolicy(properties: Properties): ErrorPolicy {
  const parsed = parseKnown(connectorConfig, properties)
  const topic = parsed['errors.deadletterqueue.topic.name']
  // Kafka Connect's default of 3 cannot be had of a broker alone; who wants it says so.
  const given = properties['errors.deadletterqueue.topic.replication.factor']
  const replicationFactor = given ? parsed['errors.deadletterqueue.topic.replication.factor'] : -1
  return {
    tolerance: parsed['errors.tolerance'],
    retryTimeoutMs: parsed['errors.retry.timeout'],
    retryDelayMsMax: parsed['errors.retry.delay.max.ms'],
    log: parsed['errors.log.enable'],
    logMessages: parsed['errors.log.include.messages'],
    deadLetters:
      topic === ''
        ? undefined
        : {
            topic,
            ...(replicationFactor > 0 && { replicationFactor }),
            contextHeaders: parsed['errors.deadletterqueue.context.headers.enable'],
          },
  }
}

/** The values of names that were already checked, among others that are not the definition's. */
function parseKnown<D extends typeof connectorConfig | typeof sourceConfig | typeof sinkConfig>(
  definition: D,
  properties: Properties,
): ReturnType<D['parse']> {
  const known = Object.fromEntries(Object.entries(properties).filter(([name]) => Object.hasOwn(definition.keys, name)))
  return definition.parse(properties.name ?? '', known) as ReturnType<D['parse']>
}

function withErrors(connector: SinkConnector, errors: ErrorPolicy): SinkConnector {
  const onBadRecord = errors.tolerance === 'none' ? 'fail' : errors.deadLetters ? 'dead-letter' : 'skip'
  const { log: logBadRecords, deadLetters, retryTimeoutMs } = errors
  return replaced(connector, { onBadRecord, logBadRecords, retryTimeoutMs, ...(deadLetters && { deadLetters }) })
}

/** The connector with some of its properties replaced. One that is an instance of a class keeps its methods and their fields. */
function replaced<T extends object>(connector: T, properties: Partial<T>): T {
  return new Proxy(connector, {
    get: (target, name) => {
      if (Object.hasOwn(properties, name)) return properties[name as keyof T]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** The properties under a prefix, without it. */
function under(properties: Properties, prefix: string): Properties {
  const names = Object.entries(properties).filter(([name]) => name.startsWith(prefix))
  return Object.fromEntries(names.map(([name, value]) => [name.slice(prefix.length), value]))
}

export function pipelineOf(registry: PluginRegistry, properties: Properties, defaults: Properties): RecordPipeline {
  const converter = (property: 'key.converter' | 'value.converter'): RecordPipeline['keyConverter'] | undefined => {
    // A connector that names a converter has nothing of the worker's, whose settings may be another converter's.
    const from = properties[property] ? properties : defaults
    const className = from[property]?.trim()
    const plugin = className ? registry.converters.find(className) : undefined
    return plugin?.create(under(from, `${property}.`), { isKey: property === 'key.converter' })
  }
  const headerFrom = properties['header.converter'] ? properties : defaults
  const headerClass = headerFrom['header.converter']?.trim() ?? 'SimpleHeaderConverter'
  const headers = registry.headerConverters.find(headerClass)?.create(under(headerFrom, 'header.converter.'))
  return {
    keyConverter: converter('key.converter') ?? defaultPipeline.keyConverter,
    valueConverter: converter('value.converter') ?? defaultPipeline.valueConverter,
    headerConverter: headers ?? defaultPipeline.headerConverter,
    transforms: transformsOf(registry, properties),
  }
}

const stageNames = new Set(['type', 'predicate', 'negate'])

function transformsOf(registry: PluginRegistry, properties: Properties): Transform[] {
  const own = (prefix: string): Properties => {
    const names = Object.entries(under(properties, prefix)).filter(([name]) => !stageNames.has(name))
    return Object.fromEntries(names)
  }
  const predicate = (alias: string): Predicate => {
    const type = properties[`predicates.${alias}.type`]!.trim()
    return registry.predicates.find(type)!.create(own(`predicates.${alias}.`))
  }
  return aliases(properties, 'transforms').map((alias) => {
    const prefix = `transforms.${alias}.`
    const transform = registry.transforms.find(properties[`${prefix}type`]!.trim())!.create(own(prefix))
    const condition = properties[`${prefix}predicate`]?.trim()
    const negate = properties[`${prefix}negate`]?.trim().toLowerCase() === 'true'
    return condition ? conditionally(transform, predicate(condition), negate) : transform
  })
}

async function topicsOf(client: KafkaClient, plugin: ConnectorPlugin, properties: Properties): Promise<TopicSpec[]> {
  if (plugin.type === 'source') return []
  const named = aliases(properties, 'topics')
  if (named.length > 0) return named.map((name) => ({ name }))
  const regex = new RegExp(`^(?:${properties['topics.regex']!.trim()})$`)
  const deadLetters = properties['errors.deadletterqueue.topic.name']?.trim()
  const listed = await client.admin.listTopics()
  const topics = listed.filter(({ name }) => regex.test(name) && name !== deadLetters).map(({ name }) => ({ name }))
  if (topics.length > 0) return topics
  const message = `no topic matches topics.regex of ${properties.name}: ${regex.source}`
  throw connectError('CONNECT_NO_TOPICS', message, { connector: properties.name ?? '' })
}

/** What is waited between attempts is the runner's, unless the properties say it. */
function retryLimits(properties: Properties): { readonly retryDelayMsMin?: number; readonly retryDelayMsMax?: number } {
  const given = properties['errors.retry.delay.max.ms']
  if (given === undefined || given === null) return {}
  const retryDelayMsMax = Math.min(Number(given), 600_000)
  return { retryDelayMsMin: Math.min(250, retryDelayMsMax), retryDelayMsMax }
}

function namesOf(topics: readonly TopicSpec[]): string {
  return topics
    .map(({ name }) => name)
    .sort()
    .join()
}

const beginnings = { earliest: 'earliest', latest: 'latest', none: 'fail' } as const

function sinkOptions(properties: Properties, client: KafkaClient, name: string): SinkRunnerOptions {
  const parsed = parseKnown(sinkConfig, properties)
  return {
    client,
    groupId: parsed['consumer.override.group.id'] ?? `connect-${name}`,
    begin: beginnings[parsed['consumer.override.auto.offset.reset']],
    ...given({ instanceId: parsed['consumer.override.group.instance.id'] }),
    consumer: given({
      maxBytes: parsed['consumer.override.fetch.max.bytes'],
      minBytes: parsed['consumer.override.fetch.min.bytes'],
      maxWaitMs: parsed['consumer.override.fetch.max.wait.ms'],
      rebalanceTimeoutMs: parsed['consumer.override.max.poll.interval.ms'],
      checkCrcs: parsed['consumer.override.check.crcs'],
    }),
    limits: {
      ...given({
        maxPartitionBytes: parsed['consumer.override.max.partition.fetch.bytes'],
        sessionTimeoutMs: parsed['consumer.override.session.timeout.ms'],
      }),
      ...retryLimits(properties),
    },
  }
}

function sourceOptions(properties: Properties, home: ConnectorHome, transactionalId: string): SourceRunnerOptions {
  const parsed = parseKnown(sourceConfig, properties)
  const { client, offsetsTopic } = home
  const own = parsed['offsets.storage.topic']
  const base: SourceRunnerOptions = {
    client,
    transactionalId,
    positionsTopic: own ?? offsetsTopic,
    ...(own !== undefined && own !== offsetsTopic && { fallbackPositionsTopic: offsetsTopic }),
    compression: parsed['producer.override.compression.type'],
    producer: given({
      deliveryTimeoutMs: parsed['producer.override.delivery.timeout.ms'],
      maxBlockMs: parsed['producer.override.max.block.ms'],
      maxInFlight: parsed['producer.override.max.in.flight.requests.per.connection'],
      maxRequestBytes: parsed['producer.override.max.request.size'],
    }),
    limits: {
      ...given({
        maxBatchBytes: parsed['producer.override.batch.size'],
        transactionTimeoutMs: parsed['producer.override.transaction.timeout.ms'],
      }),
      ...retryLimits(properties),
    },
  }
  if (parsed['transaction.boundary'] !== 'interval') return base
  return {
    ...base,
    transactionBoundary: 'interval',
    transactionIntervalMs: Math.max(1, parsed['transaction.boundary.interval.ms'] ?? 60_000),
  }
}

/** The options that have a value: runners know "left out", not "undefined". */
function given<T extends object>(options: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
