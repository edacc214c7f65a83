import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { startStreams, type Topology, topology, tumbling } from '@millrace/streams'
import { waitUntil } from './support/kafka.ts'

const visit = topic('visit', { key: serdes.string, value: serdes.string })

function visits() {
  const app = topology('visits')
  app
    .stream(visit)
    .groupBy((page) => page, { name: 'by-page' })
    .window(tumbling({ sizeMs: 60_000 }))
    .count({ store: 'per-minute' })
  return app
}

test('an application starts with nothing but settings under their Kafka Streams names', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: visit.name, partitions: 2 }])
  const warned = once(process, 'warning')
  await using streams = await startStreams({
    topology: visits,
    config: {
      'application.id': 'visits-2',
      'bootstrap.servers': broker.brokers,
      'default.dsl.store': 'in_memory',
      'processing.guarantee': 'at_least_once',
      'topic.retention.bytes': 1_000_000,
      'topic.segment.bytes': 2_000_000,
      'windowstore.changelog.additional.retention.ms': 1_000,
      'comit.interval.ms': 1,
    },
  })
  assert.equal(streams.applicationId, 'visits-2')
  const [warning] = (await warned) as [Error]
  assert.match(warning.message, /"comit\.interval\.ms" .* did you mean "commit\.interval\.ms"/)
  await waitUntil(() => streams.state() === 'running')
  const settings = async (name: string): Promise<Record<string, string | null>> => {
    const entries = await client.admin.describeConfigs({ topic: name })
    return Object.fromEntries(entries.filter(({ isDefault }) => !isDefault).map(({ name, value }) => [name, value]))
  }
  const changelog = await settings('visits-2-per-minute-changelog')
  assert.equal(changelog['retention.ms'], String(60_000 + 1_000))
  assert.equal(changelog['retention.bytes'], '1000000')
  const repartition = await settings('visits-2-by-page-repartition')
  assert.equal(repartition['retention.ms'], '-1')
  assert.equal(repartition['segment.bytes'], '2000000')
})

test('settings reach the topology: which time records are of, and whether names must be given', async () => {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([{ name: visit.name, partitions: 1 }])
  const options = { topology: visits, client, stateDir: 'memory', instanceId: 'one' }
  const before = Date.now()
  await using streams = await startStreams({
    ...options,
    config: { 'default.timestamp.extractor': 'org.apache.kafka.streams.processor.WallclockTimestampExtractor' },
  })
  await using producer = client.producer()
  await producer.send({ topic: visit.name, key: null, value: Buffer.from('home'), timestamp: 1_000 })
  const streamTime = (): number => {
    const times = [...streams.metrics()].filter(({ name }) => name === 'millrace_streams_task_stream_time_seconds')
    return Math.max(-1, ...times.map(({ value }) => value * 1_000))
  }
  await waitUntil(() => streamTime() >= 0)
  assert.ok(streamTime() >= before, 'the time of the clock, not that of the record')

  const unnamed = (): Topology => {
    const app = topology('unnamed')
    app
      .stream(visit)
      .groupBy((page) => page, { name: 'by-page' })
      .count()
    return app
  }
  const named = startStreams({
    ...options,
    topology: unnamed,
    config: { 'ensure.explicit.internal.resource.naming': true },
  })
  await assert.rejects(named, { code: 'STREAMS_NAMES_MISSING' })
})
