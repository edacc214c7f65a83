import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { failureHandlers } from '../../core/handlers.ts'
import { timestampExtractors } from '../../core/time/timestamp-extractors.ts'
import { adminKeys, consumerKeys, producerKeys } from './client-keys.ts'
import type { ConfigRule, ConfigTable } from './config-rule.ts'
import { kafkaStreamsConfig } from './kafka-streams-config.ts'
import { prefixes, readConfig, type StreamsConfig } from './read-config.ts'
import { streamsKeys } from './streams-keys.ts'
import { topicSettings } from './topic-settings.ts'

interface JavaKey {
  readonly type: string
  readonly default?: string | null
  readonly required?: true
}

/** What Java printed: conformance/streams/config/ConfigKeys.java. */
const java = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/kafka-streams-config.json', import.meta.url), 'utf8'),
) as {
  readonly constants: Readonly<Record<string, string>>
  readonly topic: readonly string[]
  readonly exactly_once_v2: Readonly<Record<string, Readonly<Record<string, string | null>>>>
} & Readonly<Record<'streams' | 'consumer' | 'producer' | 'admin', Readonly<Record<string, JavaKey>>>>

/** Type and default of every key, in one form for both sides. */
function facts(keys: Readonly<Record<string, JavaKey>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(keys).map(([key, { type, default: fallback, required }]) => [
      key,
      { type, default: required ? undefined : (fallback ?? null) },
    ]),
  )
}

function ours(table: ConfigTable): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(table).map(([key, { type, default: fallback }]) => [key, { type, default: fallback }]),
  )
}

test('every key of StreamsConfig is known, with the type and the default that Java prints', () => {
  assert.deepEqual(ours(streamsKeys), facts(java.streams))
  for (const key of Object.values(java.constants)) assert.ok(key in streamsKeys, key)
  assert.deepEqual(topicSettings, java.topic)
})

for (const [client, table] of Object.entries({ consumer: consumerKeys, producer: producerKeys, admin: adminKeys })) {
  test(`every key of Kafka's ${client} is known, with the type and the default that Java prints`, () => {
    const keys = java[client as 'consumer'] as Record<string, JavaKey>
    const own = Object.entries(keys).filter(([key]) => !(key in streamsKeys) && !/^(ssl|sasl)\./.test(key))
    assert.deepEqual(ours(table), facts(Object.fromEntries(own)))
  })
}

test('the defaults of Kafka Streams are accepted, all at once and with nothing to warn of', () => {
  const config = Object.fromEntries(
    Object.entries(java.streams).flatMap(([key, { default: fallback }]) =>
      fallback === undefined ? [] : [[key, fallback]],
    ),
  )
  assert.deepEqual(readConfig(config).warnings, [])
  for (const [prefix, settings] of Object.entries(java.exactly_once_v2)) {
    const known = Object.entries(settings).filter(([key]) => !(key in streamsKeys) || key in (java.consumer as object))
    const prefixed = Object.fromEntries(known.map(([key, value]) => [`${prefix}.${key}`, value]))
    assert.deepEqual(readConfig(prefixed).warnings, [], prefix)
  }
})

test('every key under every prefix is known', () => {
  for (const { prefix, table } of prefixes) {
    for (const [key, rule] of Object.entries(table)) {
      const value = valueFor(rule)
      assert.deepEqual(readConfig({ [`${prefix}${key}`]: value }).warnings, [], `${prefix}${key}`)
    }
  }
})

/** Settings that become options, each with a value that is not its default and what it then comes to. */
const becomes: readonly (readonly [key: string, value: string, option: string, expected: unknown])[] = [
  ['application.id', 'spend', 'applicationId', 'spend'],
  ['application.server', 'a:1', 'applicationServer', 'a:1'],
  ['bootstrap.servers', 'a:1, b:2', 'brokers', ['a:1', 'b:2']],
  ['buffered.records.per.partition', '7', 'limits.bufferedRecordsMax', 7],
  ['max.partition.fetch.bytes', '7', 'limits.fetchPartitionMaxBytes', 7],
  ['cache.max.bytes.buffering', '7', 'limits.cacheMaxBytes', 7],
  ['acceptable.recovery.lag', '7', 'limits.acceptableRecoveryLag', 7],
  ['max.warmup.replicas', '7', 'limits.maxWarmupReplicas', 7],
  ['probing.rebalance.interval.ms', '700', 'limits.probingRebalanceIntervalMs', 700],
  ['repartition.purge.interval.ms', '7', 'limits.repartitionPurgeIntervalMs', 7],
  ['state.cleanup.delay.ms', '7', 'limits.stateCleanupDelayMs', 7],
  ['client.id', 'me', 'kafka.clientId', 'me'],
  ['commit.interval.ms', '7', 'commitIntervalMs', 7],
  ['default.dsl.store', 'in_memory', 'stateDir', 'memory'],
  [
    'deserialization.exception.handler',
    'org.apache.kafka.streams.errors.LogAndContinueExceptionHandler',
    'handlers.deserialize',
    failureHandlers.continue,
  ],
  [
    'processing.exception.handler',
    'org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler',
    'handlers.process',
    failureHandlers.continue,
  ],
  ['max.task.idle.ms', '-1', 'maxTaskIdleMs', -1],
  ['metadata.max.age.ms', '7', 'kafka.metadataMaxAgeMs', 7],
  ['metrics.recording.level', 'DEBUG', 'metricsLevel', 'debug'],
  ['num.standby.replicas', '2', 'numStandbyReplicas', 2],
  ['num.stream.threads', '2', 'threads', 2],
  ['rack.aware.assignment.non_overlap_cost', '7', 'rackAwareAssignmentNonOverlapCost', 7],
  ['rack.aware.assignment.strategy', 'min_traffic', 'rackAwareAssignmentStrategy', 'min_traffic'],
  ['rack.aware.assignment.tags', 'zone, cluster', 'rackAwareAssignmentTags', ['zone', 'cluster']],
  ['rack.aware.assignment.traffic_cost', '7', 'rackAwareAssignmentTrafficCost', 7],
  ['client.rack', 'eu-1a', 'clientRack', 'eu-1a'],
  ['client.tag.zone', 'eu-1a', 'clientTags', { zone: 'eu-1a' }],
  ['poll.ms', '7', 'limits.pollTimeoutMs', 7],
  ['processing.guarantee', 'exactly_once_v2', 'processingGuarantee', 'exactly_once'],
  ['replication.factor', '3', 'replicationFactor', 3],
  ['request.timeout.ms', '7', 'kafka.requestTimeoutMs', 7],
  ['retry.backoff.ms', '7', 'kafka.retryDelayMsMin', 7],
  ['state.dir', '/var/streams', 'stateDir', '/var/streams'],
  ['statestore.cache.max.bytes', '7', 'limits.cacheMaxBytes', 7],
  ['windowstore.changelog.additional.retention.ms', '7', 'windowChangelogExtraMs', 7],
  ['ensure.explicit.internal.resource.naming', 'true', 'plan.explicitNames', true],
  ['dsl.store.format', 'HEADERS', 'plan.storeFormat', 'headers'],
  ['dsl.store.format', 'headers', 'plan.storeFormat', 'headers'],
  [
    'default.timestamp.extractor',
    'org.apache.kafka.streams.processor.WallclockTimestampExtractor',
    'plan.timestamp',
    timestampExtractors.wallClock,
  ],
  ['errors.dead.letter.queue.topic.name', 'dead', 'deadLetterTopic', 'dead'],
  ['group.instance.id', 'one', 'groupInstanceId', 'one'],
  ['heartbeat.interval.ms', '7', 'limits.heartbeatIntervalMs', 7],
  ['max.poll.interval.ms', '7', 'limits.rebalanceTimeoutMs', 7],
  ['session.timeout.ms', '700', 'limits.sessionTimeoutMs', 700],
  ['default.api.timeout.ms', '7', 'kafka.operationTimeoutMs', 7],
  ['retry.backoff.max.ms', '7', 'kafka.retryDelayMsMax', 7],
  ['batch.size', '7', 'limits.batchMaxBytes', 7],
  ['linger.ms', '7', 'limits.lingerMs', 7],
  ['buffer.memory', '7', 'limits.inflightMaxBytes', 7],
  ['transaction.timeout.ms', '7000', 'limits.transactionTimeoutMs', 7_000],
  ['topic.min.insync.replicas', '2', 'internalTopicConfig', { 'min.insync.replicas': '2' }],
]

for (const [key, value, option, expected] of becomes) {
  test(`${key} sets ${option}`, () => {
    const { options, kafka, plan, warnings } = readConfig({ [key]: value })
    assert.deepEqual(warnings, [])
    const [group, name] = option.split('.') as [string, string?]
    if (group === 'kafka') assert.deepEqual(kafka, { [name!]: expected })
    else if (group === 'plan') assert.deepEqual(plan, { [name!]: expected })
    else assert.deepEqual(options, { [group]: name === undefined ? expected : { [name]: expected } })
  })
}

test('settings may be numbers and booleans, too', () => {
  const { options } = readConfig({ 'commit.interval.ms': 200, 'enable.metrics.push': false, 'poll.ms': 5n })
  assert.deepEqual(options, { commitIntervalMs: 200, limits: { pollTimeoutMs: 5 } })
})

test('what is said of the main consumer stands above what is said of consumers, and that above what has no prefix', () => {
  const said: StreamsConfig = {
    'main.consumer.session.timeout.ms': 3_000,
    'consumer.session.timeout.ms': 2_000,
    'session.timeout.ms': 1_000,
  }
  const timeout = (config: StreamsConfig): unknown => readConfig(config).options.limits?.sessionTimeoutMs
  assert.equal(timeout(said), 3_000)
  assert.equal(timeout({ ...said, 'main.consumer.session.timeout.ms': null }), 2_000)
  assert.equal(timeout({ 'session.timeout.ms': 1_000, 'restore.consumer.session.timeout.ms': 9_000 }), 1_000)
})

test('of two names for one thing the newer one counts, wherever it stands', () => {
  const config = { 'statestore.cache.max.bytes': 2, 'cache.max.bytes.buffering': 1 }
  assert.equal(readConfig(config).options.limits?.cacheMaxBytes, 2)
  const stores = { 'default.dsl.store': 'in_memory', 'state.dir': '/var/streams' }
  assert.equal(readConfig(stores).options.stateDir, 'memory')
})

test('every setting that becomes an option is in the list above', () => {
  const tables: ConfigTable = { ...adminKeys, ...producerKeys, ...consumerKeys, ...streamsKeys }
  const paths = new Set(Object.values(tables).flatMap((rule) => ('option' in rule ? [rule.option as string] : [])))
  for (const [, , option] of becomes) paths.delete(option)
  // It knows one class, which is the default.
  assert.deepEqual([...paths], ['handlers.produce', 'handlers.processGlobal'])
})

test('a setting that nobody knows is warned of, with the one that was meant', () => {
  const { options, warnings } = readConfig({ 'comit.interval.ms': 1, 'my.own.thing': 'x', 'topic.retentoin.ms': '1' })
  assert.deepEqual(options, {})
  assert.deepEqual(warnings, [
    'the setting "comit.interval.ms" is not known to Kafka Streams 4.3, and nobody reads it; did you mean "commit.interval.ms"?',
    'the setting "my.own.thing" is not known to Kafka Streams 4.3, and nobody reads it',
    'the setting "topic.retentoin.ms" is not known to Kafka Streams 4.3, and nobody reads it; did you mean "topic.retention.ms"?',
  ])
})

const refused: readonly (readonly [key: string, value: string, code: string, message: RegExp])[] = [
  ['security.protocol', 'SASL_SSL', 'STREAMS_CONFIG_UNSUPPORTED', /client that logs in/],
  ['sasl.mechanism', 'PLAIN', 'STREAMS_CONFIG_UNSUPPORTED', /client that logs in/],
  ['consumer.ssl.keystore.location', '/k', 'STREAMS_CONFIG_UNSUPPORTED', /client that logs in/],
  ['processing.guarantee', 'exactly_once', 'STREAMS_CONFIG_UNSUPPORTED', /at_least_once, exactly_once_v2/],
  ['deserialization.exception.handler', 'com.example.Mine', 'STREAMS_CONFIG_UNSUPPORTED', /`handlers` functions/],
  ['producer.acks', '1', 'STREAMS_CONFIG_UNSUPPORTED', /exactly-once rests on it/],
  ['rocksdb.config.setter', 'com.example.Mine', 'STREAMS_CONFIG_UNSUPPORTED', /LMDB/],
  ['commit.interval.ms', 'soon', 'CONFIG_INVALID_OPTION', /whole number/],
  ['replication.factor', '99999999999', 'CONFIG_INVALID_OPTION', /whole number/],
  ['enable.metrics.push', 'maybe', 'CONFIG_INVALID_OPTION', /true or false/],
]

for (const [key, value, code, message] of refused) {
  test(`${key}=${value} is refused with a reason`, () => {
    assert.throws(() => readConfig({ [key]: value }), { code, message })
  })
}

test('what Kafka Streams sets by itself where ours differs can be asked for', () => {
  const { options, warnings } = readConfig(kafkaStreamsConfig())
  assert.deepEqual(warnings, [])
  assert.equal(options.processingGuarantee, 'at_least_once')
  assert.equal(options.commitIntervalMs, Number(java.streams['commit.interval.ms']!.default))
  assert.equal(options.limits?.cacheMaxBytes, Number(java.streams['statestore.cache.max.bytes']!.default))
  assert.equal(options.limits?.sessionTimeoutMs, Number(java.consumer['session.timeout.ms']!.default))
  const exactlyOnce = readConfig(kafkaStreamsConfig({ 'processing.guarantee': 'exactly_once_v2' })).options
  assert.equal(exactlyOnce.commitIntervalMs, 100)
  const producer = java.exactly_once_v2.producer!
  assert.equal(exactlyOnce.limits?.transactionTimeoutMs, Number(producer['transaction.timeout.ms']))
})

/** A value that the rule takes. */
function valueFor(rule: ConfigRule): string | null {
  if ('only' in rule) return rule.only[0]!
  if ('option' in rule && rule.choices !== undefined) return Object.keys(rule.choices)[0]!
  return rule.default || { BOOLEAN: 'true', LIST: 'a', STRING: 'a', CLASS: 'a' }[rule.type as 'LIST'] || '1'
}

test("handlers that go on write to the dead-letter topic, where there is one, as Kafka Streams' do", () => {
  const goesOn = {
    'processing.exception.handler': 'org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler',
  }
  assert.deepEqual(readConfig(goesOn).options, { handlers: { process: failureHandlers.continue } })
  assert.deepEqual(readConfig({ ...goesOn, 'errors.dead.letter.queue.topic.name': 'errors' }).options, {
    deadLetterTopic: 'errors',
    handlers: { process: failureHandlers.deadLetter },
  })
})

test('the processing handler is for global stores, too, where that is asked for', () => {
  const go = 'org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler'
  const read = (config: StreamsConfig) => readConfig(config).options.handlers
  const handler = { 'processing.exception.handler': go }
  assert.equal(read(handler)?.processGlobal, undefined)
  const both = { ...handler, 'processing.exception.handler.global.enabled': true }
  assert.equal(read(both)?.processGlobal, failureHandlers.continue)
  assert.equal(read({ 'processing.exception.handler.global.enabled': true })?.processGlobal, failureHandlers.fail)
  const letters = { ...both, 'errors.dead.letter.queue.topic.name': 'dead' }
  assert.equal(read(letters)?.process, failureHandlers.deadLetter)
  assert.equal(read(letters)?.processGlobal, failureHandlers.continue, 'no transaction could write a dead letter')
})
