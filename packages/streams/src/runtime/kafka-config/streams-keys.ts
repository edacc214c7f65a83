import { failureHandlers } from '../../core/handlers.ts'
import { timestampExtractors } from '../../core/time/timestamp-extractors.ts'
import { type ConfigTable, chooses, ignored, only, sets } from './config-rule.ts'

const extractors = {
  'org.apache.kafka.streams.processor.FailOnInvalidTimestamp': undefined,
  'org.apache.kafka.streams.processor.LogAndSkipOnInvalidTimestamp': timestampExtractors.skipInvalid,
  'org.apache.kafka.streams.processor.UsePartitionTimeOnInvalidTimestamp': timestampExtractors.partitionTimeOnInvalid,
  'org.apache.kafka.streams.processor.WallclockTimestampExtractor': timestampExtractors.wallClock,
}
const errorsPackage = 'org.apache.kafka.streams.errors'
const serdesAreTyped = 'Contracts and steps say how their keys and values are written.'
const listsAreTyped = 'Contracts and steps say how their lists are written: `listSerde(…)`.'
const noReporters = "Figures are asked for: `metrics()` and the gateway's `/metrics`."
const counters = "Counters and gauges are exact at the moment they are asked for; rates are the reader's to make."
const sockets = 'Sockets keep the sizes that the system gives them.'
const security =
  'Give `security: { tls, sasl }`, or a client that logs in: `client: kafkaClient({ brokers, transport: networkTransport({ tls, sasl }) })`.'

const deserializationHandlers = {
  [`${errorsPackage}.LogAndFailExceptionHandler`]: failureHandlers.fail,
  [`${errorsPackage}.LogAndContinueExceptionHandler`]: failureHandlers.continue,
}
const processingHandlers = {
  [`${errorsPackage}.LogAndFailProcessingExceptionHandler`]: failureHandlers.fail,
  [`${errorsPackage}.LogAndContinueProcessingExceptionHandler`]: failureHandlers.continue,
}
const productionHandlers = { [`${errorsPackage}.DefaultProductionExceptionHandler`]: failureHandlers.fail }
const handlersAreFunctions = 'Classes of Java cannot run here: give `handlers` functions.'
const failByDefault = { type: 'CLASS', otherwise: handlersAreFunctions } as const

/** In capitals or not, as in Kafka Streams. */
const storeFormats = { DEFAULT: undefined, HEADERS: 'headers', default: undefined, headers: 'headers' }

/** Stands for the handler that processors of tasks get. */
export const asProcessed = Symbol('as handlers.process')

/** Every key of `StreamsConfig` in Kafka Streams 4.3, and what it does here. */
export const streamsKeys = {
  'acceptable.recovery.lag': sets('LONG', '10000', 'limits.acceptableRecoveryLag'),
  'allow.os.group.write.access': ignored('BOOLEAN', 'false', "Directories are made with the process's umask."),
  'application.id': sets('STRING', undefined, 'applicationId', { defaultHere: "the topology's name" }),
  'application.server': sets('STRING', '', 'applicationServer'),
  'bootstrap.servers': sets('LIST', undefined, 'brokers'),
  'buffered.records.per.partition': sets('INT', '1000', 'limits.bufferedRecordsMax', {
    defaultHere: '2500: batches are buffered as the bytes that came',
  }),
  'built.in.metrics.version': only('STRING', 'latest', 'There is one set of metrics, with the names of the latest.'),
  'cache.max.bytes.buffering': sets('LONG', '10485760', 'limits.cacheMaxBytes', {
    defaultHere: '64 MiB, which counts what entries cost in memory',
  }),
  'client.id': sets('STRING', '', 'kafka.clientId', { defaultHere: 'application and instance' }),
  'commit.interval.ms': sets('LONG', '30000', 'commitIntervalMs', { defaultHere: '100 with exactly_once, as there' }),
  'config.providers': only('LIST', '', 'Read secrets in the program that calls startStreams.'),
  'connections.max.idle.ms': ignored('LONG', '540000', 'Connections stay open while they are used at all.'),
  'default.client.supplier': ignored(
    'CLASS',
    'org.apache.kafka.streams.processor.internals.DefaultKafkaClientSupplier',
    'Give a `client`.',
  ),
  'default.deserialization.exception.handler': chooses(
    `${errorsPackage}.LogAndFailExceptionHandler`,
    'handlers.deserialize',
    deserializationHandlers,
    failByDefault,
  ),
  'default.key.serde': ignored('CLASS', null, serdesAreTyped),
  'default.list.key.serde.inner': ignored('CLASS', null, listsAreTyped),
  'default.list.key.serde.type': ignored('CLASS', null, listsAreTyped),
  'default.list.value.serde.inner': ignored('CLASS', null, listsAreTyped),
  'default.list.value.serde.type': ignored('CLASS', null, listsAreTyped),
  'default.production.exception.handler': chooses(
    `${errorsPackage}.DefaultProductionExceptionHandler`,
    'handlers.produce',
    productionHandlers,
    failByDefault,
  ),
  'default.timestamp.extractor': chooses(
    'org.apache.kafka.streams.processor.FailOnInvalidTimestamp',
    'plan.timestamp',
    extractors,
    {
      type: 'CLASS',
      otherwise: 'Classes of Java cannot run here: say where times come from at `app.stream(contract, { timestamp })`.',
    },
  ),
  'default.value.serde': ignored('CLASS', null, serdesAreTyped),
  'deserialization.exception.handler': chooses(
    `${errorsPackage}.LogAndFailExceptionHandler`,
    'handlers.deserialize',
    deserializationHandlers,
    failByDefault,
  ),
  'dsl.store.format': chooses('DEFAULT', 'plan.storeFormat', storeFormats),
  'dsl.store.suppliers.class': only(
    'CLASS',
    'org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$RocksDBDslStoreSuppliers',
    'Steps choose their stores.',
  ),
  'enable.metrics.push': ignored('BOOLEAN', 'true', 'Brokers are sent no metrics (KIP-714).'),
  'ensure.explicit.internal.resource.naming': sets('BOOLEAN', 'false', 'plan.explicitNames'),
  'errors.dead.letter.queue.topic.name': sets('STRING', null, 'deadLetterTopic', {
    defaultHere: '`<topic>.dlq` where a handler says `deadLetter`',
  }),
  'group.protocol': only('STRING', 'classic', 'Tasks are assigned by the members (the classic protocol).'),
  'log.summary.interval.ms': ignored('LONG', '120000', 'Nothing is logged; ask `metrics()`.'),
  'max.task.idle.ms': sets('LONG', '0', 'maxTaskIdleMs'),
  'max.warmup.replicas': sets('INT', '2', 'limits.maxWarmupReplicas'),
  'metadata.max.age.ms': sets('LONG', '300000', 'kafka.metadataMaxAgeMs'),
  'metadata.recovery.rebootstrap.trigger.ms': ignored(
    'LONG',
    '300000',
    'The bootstrap list is asked as soon as no known broker answers.',
  ),
  'metadata.recovery.strategy': only(
    'STRING',
    'rebootstrap',
    'A client that knows no live broker asks its bootstrap list.',
  ),
  'metric.reporters': ignored('LIST', 'org.apache.kafka.common.metrics.JmxReporter', noReporters),
  'metrics.num.samples': ignored('INT', '2', counters),
  'metrics.recording.level': chooses('INFO', 'metricsLevel', { INFO: 'info', DEBUG: 'debug', TRACE: 'debug' }),
  'metrics.sample.window.ms': ignored('LONG', '30000', counters),
  'num.standby.replicas': sets('INT', '0', 'numStandbyReplicas'),
  'num.stream.threads': sets('INT', '1', 'threads'),
  'poll.ms': sets('LONG', '100', 'limits.pollTimeoutMs'),
  'probing.rebalance.interval.ms': sets('LONG', '600000', 'limits.probingRebalanceIntervalMs'),
  'processing.exception.handler': chooses(
    `${errorsPackage}.LogAndFailProcessingExceptionHandler`,
    'handlers.process',
    processingHandlers,
    failByDefault,
  ),
  'processing.exception.handler.global.enabled': chooses(
    'false',
    'handlers.processGlobal',
    { true: asProcessed, false: undefined },
    { type: 'BOOLEAN' },
  ),
  'processing.guarantee': chooses(
    'at_least_once',
    'processingGuarantee',
    { at_least_once: 'at_least_once', exactly_once_v2: 'exactly_once' },
    {
      defaultHere: 'exactly_once_v2',
      otherwise: 'exactly_once and exactly_once_beta are gone from Kafka Streams, too.',
    },
  ),
  'processor.wrapper.class': only(
    'CLASS',
    'org.apache.kafka.streams.processor.internals.NoOpProcessorWrapper',
    'Classes of Java cannot run here: `topology(name, { wrapProcessor })`.',
  ),
  'production.exception.handler': chooses(
    `${errorsPackage}.DefaultProductionExceptionHandler`,
    'handlers.produce',
    productionHandlers,
    failByDefault,
  ),
  'rack.aware.assignment.non_overlap_cost': sets('INT', null, 'rackAwareAssignmentNonOverlapCost'),
  'rack.aware.assignment.strategy': chooses('none', 'rackAwareAssignmentStrategy', {
    none: 'none',
    min_traffic: 'min_traffic',
    balance_subtopology: 'balance_subtopology',
  }),
  'rack.aware.assignment.tags': sets('LIST', '', 'rackAwareAssignmentTags'),
  'rack.aware.assignment.traffic_cost': sets('INT', null, 'rackAwareAssignmentTrafficCost'),
  'receive.buffer.bytes': ignored('INT', '32768', sockets),
  'reconnect.backoff.max.ms': ignored('LONG', '1000', 'Connections are opened with the pauses of retries.'),
  'reconnect.backoff.ms': ignored('LONG', '50', 'Connections are opened with the pauses of retries.'),
  'repartition.purge.interval.ms': sets('LONG', '30000', 'limits.repartitionPurgeIntervalMs'),
  'replication.factor': sets('INT', '-1', 'replicationFactor'),
  'request.timeout.ms': sets('INT', '40000', 'kafka.requestTimeoutMs', {
    defaultHere: "30000, as of Kafka's consumers and producers",
  }),
  'retry.backoff.ms': sets('LONG', '100', 'kafka.retryDelayMsMin'),
  'rocksdb.config.setter': only('CLASS', null, "Stores are LMDB's."),
  'security.protocol': only('STRING', 'PLAINTEXT', security),
  'send.buffer.bytes': ignored('INT', '131072', sockets),
  'state.cleanup.delay.ms': sets('LONG', '600000', 'limits.stateCleanupDelayMs'),
  'state.cleanup.dir.max.age.ms': ignored('LONG', '-1', 'State goes when its task has gone elsewhere, or to be reset.'),
  'state.dir': sets('STRING', '/tmp/kafka-streams', 'stateDir', {
    defaultHere: '.millrace/state: a folder for temporary files loses state at the worst time',
  }),
  // After `state.dir`, since it decides.
  'default.dsl.store': chooses('rocksDB', 'stateDir', { rocksDB: undefined, in_memory: 'memory' }),
  'statestore.cache.max.bytes': sets('LONG', '10485760', 'limits.cacheMaxBytes', {
    defaultHere: '64 MiB, which counts what entries cost in memory',
  }),
  'task.assignor.class': only('STRING', null, 'Classes of Java cannot run here: give `taskAssignor`.'),
  'task.timeout.ms': ignored('LONG', '300000', 'A broker that is away is waited for without limit.'),
  'topology.optimization': only(
    'STRING',
    'none',
    'Say it where the topology is made: `topology(name, { optimize: true })`.',
    ['no_optimization'],
  ),
  'upgrade.from': only('STRING', null, 'There is no older release to upgrade from.'),
  'window.size.ms': ignored('LONG', null, serdesAreTyped),
  'windowed.inner.class.serde': ignored('STRING', null, serdesAreTyped),
  'windowstore.changelog.additional.retention.ms': sets('LONG', '86400000', 'windowChangelogExtraMs'),
} as const satisfies ConfigTable
