import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KafkaClient } from '@millrace/kafka'
import { builtInPlugins } from '../../plugins.ts'
import { buildConnector } from './build-connector.ts'
import { validateProperties } from './plugin-info.ts'
import { PluginRegistry } from './plugin-registry.ts'

const registry = new PluginRegistry(builtInPlugins)
const source = { name: 'lines', 'connector.class': 'FileStreamSource', file: 'a.txt', topic: 'a' }
const sink = {
  name: 'rows',
  'connector.class': 'io.confluent.connect.jdbc.JdbcSinkConnector',
  'connection.url': 'jdbc:sqlite:a.db',
  topics: 'a',
}

function errorsOf(properties: Readonly<Record<string, string>>): Record<string, string[]> {
  const { configs } = validateProperties(registry, properties['connector.class']!, properties)
  const wrong = configs.filter(({ value }) => value.errors.length > 0)
  return Object.fromEntries(wrong.map(({ value }) => [value.name, [...value.errors]]))
}

test('every override that the clients here do not have is refused by its name, with the reason', () => {
  const errors = errorsOf({
    ...source,
    'producer.override.linger.ms': '5',
    'producer.override.sasl.jaas.config': 'secret',
    'producer.override.nonsense': '1',
    'consumer.override.group.id': 'mine',
    'admin.override.bootstrap.servers': 'elsewhere:9092',
    'admin.override.other': '1',
  })
  const shared = 'all connectors of a worker share its client and its connections: it is set for the worker'
  const refused = (name: string, reason: string) => [`Configuration ${name} is not supported: ${reason}`]
  assert.deepEqual(
    errors,
    Object.fromEntries(
      [
        ['producer.override.linger.ms', 'what a source yields at once is sent at once'],
        ['producer.override.sasl.jaas.config', shared],
        ['producer.override.nonsense', 'nonsense is not a setting of the producers here'],
        ['consumer.override.group.id', 'a source has no consumer of its own'],
        ['admin.override.bootstrap.servers', shared],
        ['admin.override.other', "topics are made by the worker's client; topic.creation.* says how"],
      ].map(([name, reason]) => [name!, refused(name!, reason!)]),
    ),
  )
})

test('what would break exactly once is refused', () => {
  assert.deepEqual(
    Object.keys(
      errorsOf({
        ...source,
        'producer.override.acks': '1',
        'producer.override.enable.idempotence': 'false',
        'producer.override.max.in.flight.requests.per.connection': '6',
        'producer.override.transactional.id': 'mine',
      }),
    ).sort(),
    [
      'producer.override.acks',
      'producer.override.enable.idempotence',
      'producer.override.max.in.flight.requests.per.connection',
      'producer.override.transactional.id',
    ],
  )
  const names = ['consumer.override.enable.auto.commit', 'consumer.override.isolation.level']
  const given = { [names[0]!]: 'true', [names[1]!]: 'read_uncommitted' }
  assert.deepEqual(Object.keys(errorsOf({ ...sink, ...given })).sort(), names)
})

test('what the clients have reaches them', async () => {
  const asked: object[] = []
  const stop = new Error('seen')
  const see = (options: object): never => {
    asked.push(options)
    throw stop
  }
  const described = [{ name: 'a', topicId: 'x', partitions: [{}] }]
  const admin = { describeTopics: async () => described }
  const client = { producer: see, consumer: see, admin } as unknown as KafkaClient
  const home = { client, registry, groupId: 'group', offsetsTopic: 'offsets', defaults: {} }
  const run = async (properties: Readonly<Record<string, string>>): Promise<object> => {
    const running = (await buildConnector(properties, home)).run()
    await assert.rejects(running.finished, stop)
    return asked.pop() ?? {}
  }
  const producer = await run({
    ...source,
    'producer.override.acks': 'all',
    'producer.override.batch.size': '5000',
    'producer.override.max.request.size': '60000',
    'producer.override.delivery.timeout.ms': '7000',
    'producer.override.max.block.ms': '8000',
    'producer.override.max.in.flight.requests.per.connection': '2',
    'producer.override.transaction.timeout.ms': '9000',
  })
  assert.deepEqual(producer, {
    transactionalId: 'group-lines-0',
    transactionTimeoutMs: 9_000,
    maxBatchBytes: 10_000,
    deliveryTimeoutMs: 7_000,
    maxBlockMs: 8_000,
    maxInFlight: 2,
    maxRequestBytes: 60_000,
  })
  const consumer = await run({
    ...sink,
    'consumer.override.group.id': 'mine',
    'consumer.override.group.instance.id': 'one',
    'consumer.override.max.partition.fetch.bytes': '2000',
    'consumer.override.fetch.max.bytes': '3000',
    'consumer.override.fetch.min.bytes': '4',
    'consumer.override.fetch.max.wait.ms': '50',
    'consumer.override.session.timeout.ms': '6000',
    'consumer.override.max.poll.interval.ms': '70000',
    'consumer.override.check.crcs': 'false',
  })
  const { bufferBytes: _, ...settings } = consumer as { readonly bufferBytes: number }
  assert.deepEqual(settings, {
    groupId: 'mine',
    isolation: 'read_committed',
    autoOffsetReset: 'fail',
    maxPartitionBytes: 2_000,
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 2_000,
    groupInstanceId: 'one',
    maxBytes: 3_000,
    minBytes: 4,
    maxWaitMs: 50,
    rebalanceTimeoutMs: 70_000,
    checkCrcs: false,
  })
})
