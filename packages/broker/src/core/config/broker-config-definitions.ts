import { atLeast, type ConfigDefinition, define, defineFixed } from './definition.ts'
import { groupBrokerConfigDefinitions } from './group-broker-config-definitions.ts'
import { listenerConfigDefinition, securityConfigDefinitions } from './security-config-definitions.ts'
import { topicConfigDefinitions, unsetBrokerDefault } from './topic-config-definitions.ts'

/** What the broker itself goes by. Where the default differs from Kafka's, the text says so. */
const ownDefinitions: readonly ConfigDefinition[] = [
  defineFixed('auto.create.topics.enable', 'boolean', 'true', 'Whether Metadata creates topics that are asked for.'),
  defineFixed('connections.max.idle.ms', 'long', '600000', 'Connections silent for as long are closed.', atLeast(1)),
  defineFixed('default.replication.factor', 'int', '1', 'Only 1: there is one node.', { range: [1, 1] }),
  defineFixed('delete.topic.enable', 'boolean', 'true', 'Whether topics can be deleted.'),
  defineFixed('fetch.max.bytes', 'int', '57671680', 'Most bytes of one fetch response.', atLeast(1024)),
  defineFixed(
    'group.initial.rebalance.delay.ms',
    'int',
    '0',
    'Wait for more members of a new group (Kafka: 3000).',
    atLeast(0),
  ),
  defineFixed('group.max.session.timeout.ms', 'int', '1800000', 'Longest session timeout.', atLeast(1)),
  defineFixed('group.max.size', 'int', '2147483647', 'Most members of a classic group.', atLeast(1)),
  defineFixed('group.min.session.timeout.ms', 'int', '6000', 'Shortest session timeout.', atLeast(1)),
  define('log.cleaner.backoff.ms', 'long', '15000', 'Pause between looks for something to compact.', atLeast(1)),
  define(
    'log.cleaner.dedupe.buffer.size',
    'long',
    '134217728',
    'Bytes that the keys of one pass of compaction may take; with more keys, another pass goes on.',
    atLeast(1024 * 1024),
  ),
  defineFixed('log.cleaner.enable', 'boolean', 'true', 'Whether compaction runs.'),
  defineFixed(
    'log.retention.check.interval.ms',
    'long',
    '300000',
    'Pause between looks for segments to delete.',
    atLeast(1),
  ),
  define(
    'max.broker.partitions',
    'int',
    '50000',
    'Ours: most partitions of all topics together; creating more is refused with POLICY_VIOLATION. Each takes up to 9 kB of memory also while it is idle; 10,000 are tested.',
    atLeast(1),
  ),
  defineFixed('max.incremental.fetch.session.cache.slots', 'int', '1000', 'Most fetch sessions.', atLeast(0)),
  defineFixed('node.id', 'int', '1', 'The id of this node.', atLeast(0)),
  defineFixed('num.partitions', 'int', '1', 'Partitions of a topic when nobody says.', atLeast(1)),
  defineFixed('offset.metadata.max.bytes', 'int', '4096', 'Longest metadata of a committed offset.', atLeast(0)),
  defineFixed(
    'offsets.retention.check.interval.ms',
    'long',
    '600000',
    'Pause between looks for expired offsets.',
    atLeast(1),
  ),
  define(
    'offsets.topic.segment.bytes',
    'int',
    '4194304',
    'Size at which a new segment of the offsets topic begins; compaction gets at it then (Kafka: 104857600).',
    atLeast(1),
  ),
  defineFixed('offsets.retention.minutes', 'int', '10080', 'How long offsets of an empty group are kept.', atLeast(1)),
  define('producer.id.expiration.ms', 'int', '86400000', 'How long an idle producer id is remembered.', atLeast(1)),
  defineFixed(
    'queued.max.bytes',
    'long',
    '268435456',
    'Ours: bytes of requests in the making and of answers in memory that are not yet read, over all connections; what waits in files does not count.',
    atLeast(1024),
  ),
  defineFixed(
    'request.timeout.ms',
    'int',
    '30000',
    'A request that has begun to arrive must be whole, and an answer must make progress, within this (Kafka: how long brokers wait for each other).',
    atLeast(1),
  ),
  defineFixed(
    'socket.request.max.bytes',
    'int',
    '104857600',
    'Largest request; a larger one closes its connection.',
    atLeast(1),
  ),
  defineFixed(
    'transaction.abort.timed.out.transaction.cleanup.interval.ms',
    'int',
    '10000',
    'Accepted; a transaction is aborted when its time is up.',
    atLeast(1),
  ),
  defineFixed(
    'transaction.max.timeout.ms',
    'int',
    '900000',
    'Longest transaction timeout a producer may ask for.',
    atLeast(1),
  ),
  define(
    'transaction.partition.verification.enable',
    'boolean',
    'true',
    'Whether transactional batches need their partition in the transaction.',
  ),
  define(
    'transaction.state.log.segment.bytes',
    'int',
    '4194304',
    'Size at which a new segment of the transaction log begins; compaction gets at it then (Kafka: 104857600).',
    atLeast(1),
  ),
  defineFixed(
    'transactional.id.expiration.ms',
    'int',
    '604800000',
    'How long an idle transactional id is remembered.',
    atLeast(1),
  ),
]

/** Broker settings that only give topics their default. */
const topicDefaults: ConfigDefinition[] = topicConfigDefinitions.flatMap((definition) => {
  const { brokerName, name: _name, ...rest } = definition
  const coarserDefault = brokerName === undefined ? undefined : unsetBrokerDefault(brokerName)
  return brokerName === undefined ? [] : [{ ...rest, name: brokerName, ...(coarserDefault && { coarserDefault }) }]
})

export const brokerConfigDefinitions: readonly ConfigDefinition[] = [
  ...ownDefinitions,
  ...groupBrokerConfigDefinitions,
  ...securityConfigDefinitions,
  ...topicDefaults,
]

const byName = new Map(brokerConfigDefinitions.map((definition) => [definition.name, definition]))

export function brokerConfigDefinition(name: string): ConfigDefinition | undefined {
  return byName.get(name) ?? listenerConfigDefinition(name)
}

/** The coarser names Kafka has for some settings, and what one unit is in milliseconds. */
export const coarserNames: Readonly<Record<string, { readonly name: string; readonly unitMs: number }>> = {
  'log.retention.hours': { name: 'log.retention.ms', unitMs: 3_600_000 },
  'log.retention.minutes': { name: 'log.retention.ms', unitMs: 60_000 },
  'log.roll.hours': { name: 'log.roll.ms', unitMs: 3_600_000 },
  'log.roll.jitter.hours': { name: 'log.roll.jitter.ms', unitMs: 3_600_000 },
}
