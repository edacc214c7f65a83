import { millraceError } from '../errors.ts'
import type { ConnectOptions, KafkaOptions, MillraceConfig } from './define-config.ts'

/** What a worker's properties come to, and what is told of those that change nothing here. */
export interface WorkerConfig {
  readonly config: MillraceConfig
  readonly notes: readonly string[]
  /** For brokers, out of `sasl.jaas.config`. */
  readonly password?: string | undefined
}

type Properties = Readonly<Record<string, string>>

/** Names of Kafka Connect's workers that have no effect here, and why. */
const needless: Readonly<Record<string, string>> = {
  'plugin.path': 'plugins come with Millrace, or from `connect.plugins` of a configuration in TypeScript',
  'plugin.discovery': 'there is no plugin path to look through',
  'offset.storage.file.filename': 'positions lie in a topic, in the transactions that hold the records',
  'offset.flush.interval.ms': 'positions are committed with the records',
  'offset.flush.timeout.ms': 'positions are committed with the records',
  'exactly.once.source.support': 'sources are always exactly once',
  'rest.advertised.host.name': 'workers do not forward requests to each other',
  'rest.advertised.port': 'workers do not forward requests to each other',
  'rest.advertised.listener': 'workers do not forward requests to each other',
  'connect.protocol': 'one worker runs all connectors of a group',
  'topic.tracking.enable': 'the topics of connectors are always tracked',
  'topic.tracking.allow.reset': 'they may always be reset',
  'metric.reporters': 'metrics are at /metrics',
  'connector.client.config.override.policy': 'the overrides that are supported are always allowed',
  'topic.creation.enable': 'topics of sources are always created',
  'config.storage.replication.factor': "the broker's default is used",
  'offset.storage.replication.factor': "the broker's default is used",
  'status.storage.replication.factor': "the broker's default is used",
  'offset.storage.partitions': 'it has 8 where it is created',
  'status.storage.partitions': 'it has 5 where it is created',
}

/** Beginnings of names that do not matter either: converters of the worker's own topics, clients, group protocol. */
const needlessPrefixes: Readonly<Record<string, string>> = {
  'internal.': 'the topics of the worker are JSON without schemas, as in Kafka Connect',
  'producer.': 'clients have their own settings',
  'consumer.': 'clients have their own settings',
  'admin.': 'clients have their own settings',
  'metrics.': 'metrics are at /metrics',
  'inter.worker.': 'workers do not talk to each other',
  'reconnect.': 'clients have their own settings',
  'retry.backoff.': 'clients have their own settings',
  'socket.connection.': 'clients have their own settings',
  'connections.max.': 'clients have their own settings',
  'metadata.': 'clients have their own settings',
  'send.buffer.': 'clients have their own settings',
  'receive.buffer.': 'clients have their own settings',
  'client.dns.': 'Node.js tries the addresses of a name',
}

const timing = new Set([
  'heartbeat.interval.ms',
  'session.timeout.ms',
  'rebalance.timeout.ms',
  'scheduled.rebalance.max.delay.ms',
  'task.shutdown.graceful.timeout.ms',
  'client.id',
  'request.timeout.ms',
  'worker.sync.timeout.ms',
  'worker.unsync.backoff.ms',
])

/** Passed on: converters of connectors that name none, and where secrets come from. */
const passed = /^(key\.converter|value\.converter|header\.converter|config\.providers)(\.|$)/

/**
 * A worker's properties, as `connect-distributed` and `connect-standalone` take them, as a configuration.
 *
 * @throws CONFIG_INVALID for a name that no worker has
 */
export function workerConfig(path: string, properties: Properties): WorkerConfig {
  const notes: string[] = []
  const defaults: Record<string, string> = {}
  for (const [name, value] of Object.entries(properties)) {
    if (passed.test(name)) defaults[name] = value
    else if (!used.has(name)) notes.push(`${name} of ${path} has no effect: ${reasonFor(path, name)}`)
  }
  const brokers = properties['bootstrap.servers']
  const kafka = kafkaOptions(path, properties)
  const gateway = listener(path, properties.listeners)
  return {
    notes,
    password: /password\s*=\s*"([^"]*)"/.exec(properties['sasl.jaas.config'] ?? '')?.[1],
    config: {
      ...(brokers && { brokers: brokers.split(',').map((broker) => broker.trim()) }),
      ...(kafka && { kafka }),
      ...(gateway && { gateway }),
      connect: connectOptions(properties, defaults),
    },
  }
}

const used = new Set([
  'bootstrap.servers',
  'group.id',
  'config.storage.topic',
  'offset.storage.topic',
  'status.storage.topic',
  'listeners',
  'security.protocol',
  'sasl.mechanism',
  'sasl.jaas.config',
  'ssl.truststore.location',
  'ssl.truststore.type',
])

function reasonFor(path: string, name: string): string {
  const reason = needless[name] ?? Object.entries(needlessPrefixes).find(([prefix]) => name.startsWith(prefix))?.[1]
  if (reason !== undefined) return reason
  if (timing.has(name)) return 'timing is this runtime’s own'
  throw millraceError('CONFIG_INVALID', `${path}: a Connect worker has no property "${name}", or it is not supported`, {
    path,
  })
}

function connectOptions(properties: Properties, defaults: Record<string, string>): ConnectOptions {
  const { 'group.id': groupId } = properties
  const topics = {
    configTopic: properties['config.storage.topic'],
    offsetTopic: properties['offset.storage.topic'],
    statusTopic: properties['status.storage.topic'],
  }
  return {
    ...(groupId ? { groupId } : { storage: 'memory' as const }),
    ...Object.fromEntries(Object.entries(topics).filter(([, topic]) => topic !== undefined)),
    properties: defaults,
  }
}

function kafkaOptions(path: string, properties: Properties): KafkaOptions | undefined {
  const protocol = properties['security.protocol'] ?? 'PLAINTEXT'
  if (protocol === 'PLAINTEXT') return undefined
  const ca = properties['ssl.truststore.location']
  if (ca && (properties['ssl.truststore.type'] ?? 'JKS') !== 'PEM') {
    throw millraceError(
      'CONFIG_INVALID',
      `${path}: ssl.truststore.location has to be PEM, with ssl.truststore.type=PEM`,
      { path },
    )
  }
  const tls = { ...(protocol.endsWith('SSL') && { tls: true }), ...(ca && { ca }) }
  if (!protocol.startsWith('SASL')) return tls
  const login = /username\s*=\s*"([^"]*)"/.exec(properties['sasl.jaas.config'] ?? '')?.[1]
  const mechanism = properties['sasl.mechanism'] as KafkaOptions['mechanism']
  return { ...tls, ...(login && { login }), ...(mechanism && { mechanism }) }
}

function listener(path: string, listeners: string | undefined): MillraceConfig['gateway'] {
  if (listeners === undefined) return { port: 8083 }
  const match = /^http:\/\/([^:]*):(\d+)$/i.exec(listeners.trim())
  if (!match)
    throw millraceError('CONFIG_INVALID', `${path}: listeners has to be one of http://<host>:<port>`, { path })
  return { ...(match[1] && { host: match[1] }), port: Number(match[2]) }
}
