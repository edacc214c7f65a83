import { type ConfigTable, ignored, only, sets } from './config-rule.ts'

const bytesAreTasks = 'Keys and values are read and written by contracts and steps.'
const ours = 'Streams decides it: exactly-once rests on it.'
const topicsExist = 'Topics are created by name before the application joins its group.'
const byTask = 'Fetched batches are handed on whole; processing is cut into slices by time (`limits.sliceMs`).'
const noClasses = 'Classes of Java cannot run here.'
const dns = 'Every address of a name is tried.'
const connecting = 'A connection that is not made within `kafka.requestTimeoutMs` is given up.'
const login =
  'Give `security: { tls, sasl }`, or a client that logs in: `client: kafkaClient({ brokers, transport: networkTransport({ tls, sasl }) })`.'
const operations = 'Retries end by time (`operationTimeoutMs` of the client).'
const shares = 'Share groups are no part of streams.'
const sending = 'Batches are built by tasks and sent as whole batches.'

/** What the consumers of an application may be told, beside the keys that all clients share. */
export const consumerKeys = {
  'allow.auto.create.topics': ignored('BOOLEAN', 'true', topicsExist),
  'auto.commit.interval.ms': ignored('INT', '5000', 'Offsets are committed with results.'),
  'auto.offset.reset': only(
    'STRING',
    'latest',
    "Reading begins with the oldest record, as Kafka Streams' default is.",
    ['earliest'],
  ),
  'check.crcs': only('BOOLEAN', 'true', 'Damaged batches are always refused.'),
  'client.dns.lookup': ignored('STRING', 'use_all_dns_ips', dns),
  'client.rack': sets('STRING', '', 'clientRack'),
  'default.api.timeout.ms': sets('INT', '60000', 'kafka.operationTimeoutMs'),
  'enable.auto.commit': only('BOOLEAN', 'true', ours, ['false']),
  'exclude.internal.topics': ignored('BOOLEAN', 'true', 'Topics are read by name.'),
  'fetch.max.bytes': ignored(
    'INT',
    '52428800',
    'What is fetched ahead is bounded by `limits.fetchAheadMaxBytes` and `limits.bufferedRecordsMax`.',
  ),
  'fetch.max.wait.ms': ignored('INT', '500', 'An idle fetch waits half a second.'),
  'fetch.min.bytes': ignored('INT', '1', 'A fetch returns with the first record.'),
  'group.id': ignored('STRING', null, 'The application id is the group.'),
  'group.instance.id': sets('STRING', null, 'groupInstanceId'),
  'group.remote.assignor': only('STRING', null, 'Tasks are assigned by the members.'),
  'heartbeat.interval.ms': sets('INT', '3000', 'limits.heartbeatIntervalMs'),
  'interceptor.classes': only('LIST', '', noClasses),
  'internal.throw.on.fetch.stable.offset.unsupported': ignored('BOOLEAN', 'false', ours),
  'isolation.level': ignored('STRING', 'read_uncommitted', 'Committed records are read, whatever the guarantee.'),
  'key.deserializer': ignored('CLASS', undefined, bytesAreTasks),
  'max.partition.fetch.bytes': sets('INT', '1048576', 'limits.fetchPartitionMaxBytes', {
    defaultHere: "262144: what is processed soon after it came is still in the processor's cache",
  }),
  'max.poll.interval.ms': sets('INT', '300000', 'limits.rebalanceTimeoutMs'),
  'max.poll.records': ignored('INT', '500', byTask),
  'partition.assignment.strategy': ignored(
    'LIST',
    'class org.apache.kafka.clients.consumer.RangeAssignor,class org.apache.kafka.clients.consumer.CooperativeStickyAssignor',
    ours,
  ),
  'retry.backoff.max.ms': sets('LONG', '1000', 'kafka.retryDelayMsMax'),
  'security.providers': only('STRING', null, noClasses),
  'session.timeout.ms': sets('INT', '45000', 'limits.sessionTimeoutMs', {
    defaultHere: '10000: so long the tasks of a killed instance stand still',
  }),
  'share.acknowledgement.mode': ignored('STRING', 'implicit', shares),
  'share.acquire.mode': ignored('STRING', 'BATCH_OPTIMIZED', shares),
  'socket.connection.setup.timeout.max.ms': ignored('LONG', '30000', connecting),
  'socket.connection.setup.timeout.ms': ignored('LONG', '10000', connecting),
  'value.deserializer': ignored('CLASS', undefined, bytesAreTasks),
} as const satisfies ConfigTable

/** What its producers may be told. */
export const producerKeys = {
  acks: only('STRING', 'all', ours, ['-1']),
  'batch.size': sets('INT', '16384', 'limits.batchMaxBytes', { defaultHere: '262144' }),
  'buffer.memory': sets('LONG', '33554432', 'limits.inflightMaxBytes', { defaultHere: '16777216' }),
  'client.dns.lookup': ignored('STRING', 'use_all_dns_ips', dns),
  'compression.gzip.level': ignored('INT', '-1', 'Batches are sent as they are built.'),
  'compression.lz4.level': ignored('INT', '9', 'Batches are sent as they are built.'),
  'compression.type': only(
    'STRING',
    'none',
    "Batches are sent as they are built, or as the topic's `compression.type` says.",
  ),
  'compression.zstd.level': ignored('INT', '3', 'Batches are sent as they are built.'),
  'delivery.timeout.ms': ignored('INT', '120000', 'A broker that is away is waited for without limit.'),
  'enable.idempotence': only('BOOLEAN', 'true', ours),
  'interceptor.classes': only('LIST', '', noClasses),
  'key.serializer': ignored('CLASS', undefined, bytesAreTasks),
  'linger.ms': sets('LONG', '5', 'limits.lingerMs', { defaultHere: '100, as of Kafka Streams; counts at least once' }),
  'max.block.ms': ignored('LONG', '60000', 'Waiting does not hold a thread.'),
  'max.in.flight.requests.per.connection': ignored('INT', '5', sending),
  'max.request.size': ignored('INT', '1048576', sending),
  'metadata.max.idle.ms': ignored('LONG', '300000', 'Metadata is asked for topics in use.'),
  'partitioner.adaptive.partitioning.enable': ignored('BOOLEAN', 'true', 'Keys decide.'),
  'partitioner.availability.timeout.ms': ignored('LONG', '0', 'Keys decide.'),
  'partitioner.class': only('CLASS', null, noClasses),
  'partitioner.ignore.keys': only('BOOLEAN', 'false', 'Keys decide: joins and groups rest on it.'),
  retries: ignored('INT', '2147483647', operations),
  'retry.backoff.max.ms': sets('LONG', '1000', 'kafka.retryDelayMsMax'),
  'security.providers': only('STRING', null, noClasses),
  'socket.connection.setup.timeout.max.ms': ignored('LONG', '30000', connecting),
  'socket.connection.setup.timeout.ms': ignored('LONG', '10000', connecting),
  'transaction.timeout.ms': sets('INT', '60000', 'limits.transactionTimeoutMs', {
    defaultHere: '10000, as of Kafka Streams',
  }),
  'transaction.two.phase.commit.enable': only('BOOLEAN', 'false', ours),
  'transactional.id': only(
    'STRING',
    null,
    'It is made of application, instance and thread, so that a restart ends what its predecessor left open.',
  ),
  'value.serializer': ignored('CLASS', undefined, bytesAreTasks),
} as const satisfies ConfigTable

/** What its administrative client may be told. */
export const adminKeys = {
  'bootstrap.controllers': only('LIST', '', 'Brokers are asked, not controllers.'),
  'client.dns.lookup': ignored('STRING', 'use_all_dns_ips', dns),
  'default.api.timeout.ms': sets('INT', '60000', 'kafka.operationTimeoutMs'),
  retries: ignored('INT', '2147483647', operations),
  'retry.backoff.max.ms': sets('LONG', '1000', 'kafka.retryDelayMsMax'),
  'security.providers': only('STRING', null, noClasses),
  'socket.connection.setup.timeout.max.ms': ignored('LONG', '30000', connecting),
  'socket.connection.setup.timeout.ms': ignored('LONG', '10000', connecting),
} as const satisfies ConfigTable

/** `ssl.*` and `sasl.*`: credentials that were silently not used would be worse than an error. */
export const securityPrefixes = ['ssl.', 'sasl.'] as const
export const securityAdvice = login
