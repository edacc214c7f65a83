import { atLeast, type ConfigDefinition, int32Max } from './definition.ts'

/** A topic's setting and the broker's setting that gives its default. */
export interface TopicConfigDefinition extends ConfigDefinition {
  readonly brokerName: string | undefined
}

const forever = '9223372036854775807'

function define(
  name: string,
  brokerName: string | undefined,
  type: ConfigDefinition['type'],
  defaultValue: string,
  documentation: string,
  limits: Pick<ConfigDefinition, 'range' | 'oneOf' | 'check'> = {},
): TopicConfigDefinition {
  return { name, brokerName, type, defaultValue, documentation, ...limits }
}

/** Partition and broker of each replica whose replication would be throttled, or all. */
function throttledReplicas(value: string): string | undefined {
  const isList = /^\d+:\d+(\s*,\s*\d+:\d+)*$/.test(value)
  return value === '' || value === '*' || isList
    ? undefined
    : 'Expected *, or partition:broker pairs with commas between'
}

/** Broker settings that Kafka leaves unset, with what it goes by then. */
const unsetBrokerDefaults: Readonly<Record<string, NonNullable<ConfigDefinition['coarserDefault']>>> = {
  'log.flush.interval.ms': 'none',
  'log.retention.ms': { name: 'log.retention.hours', value: '168' },
  'log.roll.jitter.ms': 'none',
  'log.roll.ms': 'none',
}

/** How the broker's setting that gives a topic's default is described. */
export function unsetBrokerDefault(name: string): ConfigDefinition['coarserDefault'] {
  return unsetBrokerDefaults[name]
}

export const topicConfigDefinitions: readonly TopicConfigDefinition[] = [
  define(
    'cleanup.policy',
    'log.cleanup.policy',
    'list',
    'delete',
    'What happens to old segments: delete, compact, both, or nothing when it is empty.',
    {
      oneOf: ['compact', 'delete'],
    },
  ),
  define(
    'compression.gzip.level',
    'compression.gzip.level',
    'int',
    '-1',
    'Level where the broker compresses with gzip.',
    {
      range: [-1, 9],
      check: (value) => (value === '0' ? 'Value must be -1, or between 1 and 9' : undefined),
    },
  ),
  define(
    'compression.lz4.level',
    'compression.lz4.level',
    'int',
    '9',
    'Accepted; the LZ4 library here has one level.',
    {
      range: [1, 17],
    },
  ),
  define(
    'compression.zstd.level',
    'compression.zstd.level',
    'int',
    '3',
    'Level where the broker compresses with zstd.',
    {
      range: [-131072, 22],
    },
  ),
  define(
    'compression.type',
    'compression.type',
    'string',
    'producer',
    'How batches are compressed in the log: as producers send them, or by the broker, which costs its time.',
    {
      oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'],
    },
  ),
  define(
    'delete.retention.ms',
    'log.cleaner.delete.retention.ms',
    'long',
    '86400000',
    'How long compaction keeps tombstones.',
    atLeast(0),
  ),
  define(
    'file.delete.delay.ms',
    'log.segment.delete.delay.ms',
    'long',
    '60000',
    'Accepted; files are deleted at once, and whoever is being sent from them gets the rest.',
    atLeast(0),
  ),
  define(
    'flush.messages',
    'log.flush.interval.messages',
    'long',
    forever,
    'Records after which the log is synced, also under durability write; with 1 each answer waits for it.',
    atLeast(1),
  ),
  define(
    'flush.ms',
    'log.flush.interval.ms',
    'long',
    forever,
    'Time after which what was written is synced, also under durability write.',
    atLeast(0),
  ),
  define('follower.replication.throttled.replicas', undefined, 'list', '', 'Accepted; there are no followers.', {
    check: throttledReplicas,
  }),
  define(
    'index.interval.bytes',
    'log.index.interval.bytes',
    'int',
    '4096',
    'Bytes between two entries of a segment’s index.',
    atLeast(0),
  ),
  define('leader.replication.throttled.replicas', undefined, 'list', '', 'Accepted; there are no followers.', {
    check: throttledReplicas,
  }),
  define(
    'local.retention.bytes',
    'log.local.retention.bytes',
    'long',
    '-2',
    'Accepted; there is no tiered storage.',
    atLeast(-2),
  ),
  define(
    'local.retention.ms',
    'log.local.retention.ms',
    'long',
    '-2',
    'Accepted; there is no tiered storage.',
    atLeast(-2),
  ),
  define(
    'max.compaction.lag.ms',
    'log.cleaner.max.compaction.lag.ms',
    'long',
    forever,
    'Longest time a record stays uncompacted.',
    atLeast(1),
  ),
  define(
    'max.message.bytes',
    'message.max.bytes',
    'int',
    '1048588',
    'Largest record batch, compressed, that is accepted.',
    { range: [0, int32Max] },
  ),
  define(
    'message.timestamp.after.max.ms',
    'log.message.timestamp.after.max.ms',
    'long',
    '3600000',
    'How far a record may lie in the future.',
    atLeast(0),
  ),
  define(
    'message.timestamp.before.max.ms',
    'log.message.timestamp.before.max.ms',
    'long',
    forever,
    'How far a record may lie in the past.',
    atLeast(0),
  ),
  define(
    'message.timestamp.type',
    'log.message.timestamp.type',
    'string',
    'CreateTime',
    'Whose clock stamps records.',
    {
      oneOf: ['CreateTime', 'LogAppendTime'],
    },
  ),
  define(
    'min.cleanable.dirty.ratio',
    'log.cleaner.min.cleanable.ratio',
    'double',
    '0.5',
    'Share of new bytes from which compaction starts.',
    { range: [0, 1] },
  ),
  define(
    'min.compaction.lag.ms',
    'log.cleaner.min.compaction.lag.ms',
    'long',
    '0',
    'Shortest time a record stays uncompacted.',
    atLeast(0),
  ),
  define('min.insync.replicas', 'min.insync.replicas', 'int', '1', 'With one node, more than 1 refuses acks=all.', {
    range: [1, int32Max],
  }),
  define('preallocate', 'log.preallocate', 'boolean', 'false', 'Accepted; files grow as they are written.'),
  define('remote.log.copy.disable', undefined, 'boolean', 'false', 'Accepted; there is no tiered storage.'),
  define('remote.log.delete.on.disable', undefined, 'boolean', 'false', 'Accepted; there is no tiered storage.'),
  define('remote.storage.enable', undefined, 'boolean', 'false', 'Only false: there is no tiered storage.', {
    oneOf: ['false'],
  }),
  define(
    'retention.bytes',
    'log.retention.bytes',
    'long',
    '-1',
    'Bytes per partition beyond which old segments go; below 0 without limit.',
  ),
  define(
    'retention.ms',
    'log.retention.ms',
    'long',
    '604800000',
    'Age from which old segments go; -1 without limit.',
    atLeast(-1),
  ),
  define('segment.bytes', 'log.segment.bytes', 'int', '1073741824', 'Size at which a new segment begins.', {
    range: [14, int32Max],
  }),
  define(
    'segment.index.bytes',
    'log.index.size.max.bytes',
    'int',
    '10485760',
    'A new segment begins when its index, counted as Kafka’s, has this size.',
    {
      range: [4, int32Max],
    },
  ),
  define(
    'segment.jitter.ms',
    'log.roll.jitter.ms',
    'long',
    '0',
    'How much earlier than segment.ms a new segment may begin.',
    atLeast(0),
  ),
  define(
    'segment.ms',
    'log.roll.ms',
    'long',
    '604800000',
    'Age by the broker’s clock at which a new segment begins, with the next batch.',
    atLeast(1),
  ),
  define(
    'unclean.leader.election.enable',
    'unclean.leader.election.enable',
    'boolean',
    'false',
    'Accepted; there is one replica.',
  ),
]

const byName = new Map(topicConfigDefinitions.map((definition) => [definition.name, definition]))

/** What is wrong between settings of a topic that are right by themselves. */
export function topicConfigConflict(value: (name: string) => string): string | undefined {
  const [min, max] = [value('min.compaction.lag.ms'), value('max.compaction.lag.ms')]
  if (Number(min) <= Number(max)) return undefined
  return `conflict between min.compaction.lag.ms (${min}) and max.compaction.lag.ms (${max})`
}

export function topicConfigDefinition(name: string): TopicConfigDefinition | undefined {
  return byName.get(name)
}
