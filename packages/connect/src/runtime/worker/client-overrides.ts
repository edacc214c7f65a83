import { type ConfigDef, configDef, type Properties } from '../../config/config-def.ts'
import { between, type ConfigKey } from '../../config/config-key.ts'

// Settings of a connector's clients (KIP-458), under the names of Kafka's clients. What ours have is passed on; a name that
// they do not have is refused with the reason, since somebody believes in it.

const group = 'Client Overrides'
const optional = { default: null, importance: 'low', group } as const
const longestMs = 2_147_483_647
const duration = { ...optional, type: 'int', valid: between(1, longestMs) } as const
const bytes = { ...optional, type: 'int', valid: between(1_024) } as const

/** Of the producer of a source's records and position. */
export const producerOverrides = configDef({
  'producer.override.compression.type': {
    type: 'string',
    default: 'none',
    oneOf: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    importance: 'medium',
    group,
    doc: 'Compression of the records.',
  },
  'producer.override.batch.size': {
    ...bytes,
    valid: between(1_024, 100 * 1_024 ** 2),
    doc: 'Bytes of a partition at which a batch is closed; 900000.',
  },
  'producer.override.max.request.size': { ...bytes, doc: 'The most bytes of a request, unless one batch has more.' },
  'producer.override.delivery.timeout.ms': {
    ...duration,
    doc: 'After so long without an answer the source begins anew from its position; 30000.',
  },
  'producer.override.max.block.ms': { ...duration, doc: 'The longest wait for metadata; 60000.' },
  'producer.override.max.in.flight.requests.per.connection': {
    ...optional,
    type: 'int',
    valid: between(1, 5),
    doc: 'Requests on their way to a broker; 5.',
  },
  'producer.override.transaction.timeout.ms': {
    ...duration,
    valid: between(1_000, 900_000),
    doc: 'After so long the broker ends a transaction that is still open; 60000.',
  },
  'producer.override.acks': {
    ...optional,
    type: 'string',
    oneOf: ['all', '-1'],
    doc: 'All in-sync replicas: transactions know nothing else.',
  },
  'producer.override.enable.idempotence': {
    ...optional,
    type: 'string',
    oneOf: ['true'],
    ignoreCase: true,
    doc: 'Transactions know nothing else.',
  },
})

/** Of the consumer of a sink. */
export const consumerOverrides = configDef({
  'consumer.override.group.id': {
    type: 'string',
    default: null,
    importance: 'medium',
    group,
    doc: 'Consumer group; default: connect-<name>, as in Kafka Connect.',
  },
  'consumer.override.auto.offset.reset': {
    type: 'string',
    default: 'earliest',
    oneOf: ['earliest', 'latest', 'none'],
    ignoreCase: true,
    importance: 'medium',
    group,
    doc: 'Where to begin in a partition that was never read; none stops the sink there. An offset that is gone stops it always.',
  },
  'consumer.override.group.instance.id': {
    ...optional,
    type: 'string',
    doc: 'Makes the sink a static member of its group.',
  },
  'consumer.override.max.partition.fetch.bytes': { ...bytes, doc: 'The most bytes of a partition per fetch; 1048576.' },
  'consumer.override.fetch.max.bytes': { ...bytes, doc: 'The most bytes of a fetch; 16777216.' },
  'consumer.override.fetch.min.bytes': {
    ...optional,
    type: 'int',
    valid: between(1),
    doc: 'A broker waits for so many bytes; 1.',
  },
  'consumer.override.fetch.max.wait.ms': { ...duration, doc: 'But no longer than this; 500.' },
  'consumer.override.session.timeout.ms': {
    ...duration,
    valid: between(1_000, 1_800_000),
    doc: 'After so long without a heartbeat the partitions go to others; 10000.',
  },
  'consumer.override.max.poll.interval.ms': {
    ...duration,
    doc: 'The longest that a batch may take to be written before the partitions go to others; 300000.',
  },
  'consumer.override.isolation.level': {
    ...optional,
    type: 'string',
    oneOf: ['read_committed'],
    ignoreCase: true,
    doc: 'Records of open and aborted transactions are never written.',
  },
  'consumer.override.enable.auto.commit': {
    ...optional,
    type: 'string',
    oneOf: ['false'],
    ignoreCase: true,
    doc: 'Offsets move with what is written.',
  },
  'consumer.override.check.crcs': { ...optional, type: 'boolean', doc: 'Whether checksums are compared; true.' },
})

const override = /^(producer|consumer|admin)\.override\.(.*)$/

/** Reasons for names of Kafka's clients that are not passed on. */
const reasons: readonly (readonly [name: RegExp, reason: string])[] = [
  [
    /^(bootstrap\.|client\.|security\.|sasl\.|ssl\.|request\.|retr|reconnect\.|metadata\.|connections\.|socket\.|default\.api\.|(send|receive)\.buffer\.)/,
    'all connectors of a worker share its client and its connections: it is set for the worker',
  ],
  [/^transactional\.id$/, 'it is <group.id>-<connector>-0, so that nobody else can fence the source'],
  [/^linger\.ms$/, 'what a source yields at once is sent at once'],
  [/^max\.poll\.records$/, 'batches are bounded by their bytes'],
  [/^heartbeat\.interval\.ms$/, 'it is a third of the session timeout, at most 3000'],
  [/\.(de)?serializer$/, 'converters make the bytes: key.converter, value.converter'],
  [/^interceptor\.classes$/, 'there are no interceptors: a transform changes records'],
]

/** Definitions of those overrides among the properties that are not in `known`: each is refused, and told why. */
export function refusedOverrides(properties: Properties, known: ConfigDef, type: 'source' | 'sink'): ConfigDef {
  const keys: Record<string, ConfigKey> = {}
  for (const name of Object.keys(properties)) {
    const [, client, setting = ''] = override.exec(name) ?? []
    if (client === undefined || Object.hasOwn(known.keys, name)) continue
    const notSupported = reasonFor(client, setting, type)
    keys[name] = { type: 'string', default: null, importance: 'low', group, doc: 'Not passed on.', notSupported }
  }
  return configDef(keys)
}

function reasonFor(client: string, setting: string, type: 'source' | 'sink'): string {
  const reason = reasons.find(([name]) => name.test(setting))?.[1]
  if (reason !== undefined) return reason
  if (client === 'admin') return "topics are made by the worker's client; topic.creation.* says how"
  const own = type === 'source' ? 'producer' : 'consumer'
  if (client !== own) return `a ${type} has no ${client} of its own`
  return `${setting} is not a setting of the ${client}s here`
}
