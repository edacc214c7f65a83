import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { MetricSample } from '@millrace/base'
import { startBroker } from '@millrace/broker'
import { serdes, topic } from '@millrace/contracts'
import { kafkaClient } from '@millrace/kafka'
import { type StreamsInstance, startStreams, topology, tumbling } from '@millrace/streams'
import { absentMetrics } from '../src/core/metrics/absent-metrics.ts'
import { type MetricFamily, type StreamsMetric, streamsMetrics } from '../src/core/metrics/metric-table.ts'
import { waitUntil } from './support/kafka.ts'

const families: Readonly<Record<string, MetricFamily>> = streamsMetrics

interface JavaMetric {
  readonly group: string
  readonly name: string
}

const java = JSON.parse(
  readFileSync(new URL('./fixtures/kafka-streams-metrics.json', import.meta.url), 'utf8'),
) as readonly JavaMetric[]

test('every metric of Kafka Streams has one here, or a reason why not', () => {
  const named = new Set(Object.values(families).flatMap(({ jmx }) => jmx))
  const inJava = new Set(java.map(({ group, name }) => `${group}:${name}`))
  for (const name of inJava) assert.notEqual(named.has(name), name in absentMetrics, name)
  for (const name of [...named, ...Object.keys(absentMetrics)]) assert.ok(inJava.has(name), `${name} is not in Java`)
})

const visit = topic('visit', { key: serdes.string, value: serdes.string })
const page = topic('page', { key: serdes.string, value: serdes.string })
const views = topic('views', { key: serdes.string, value: serdes.json<number>() })

function visits() {
  const app = topology('visits')
  const all = app.stream(visit).filter((value) => value !== 'nothing')
  all.groupByKey().count({ store: 'per-page' }).toStream().to(views)
  all
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000 }))
    .count({ store: 'per-minute' })
  all.join(app.table(page, { store: 'pages' }), (value, title) => `${value} ${title}`)
  return app
}

const startMs = Date.UTC(2024, 0, 1)

async function send(client: ReturnType<typeof kafkaClient>): Promise<void> {
  await using producer = client.producer()
  for (let at = 0; at < 100; at++) {
    // The last ones come too late for their window.
    const timestamp = startMs + (at < 90 ? at * 10_000 : 0)
    const record = { topic: visit.name, key: Buffer.from(`p${at % 7}`), value: Buffer.from('x'), timestamp }
    await producer.send(record)
  }
  await producer.send({ topic: page.name, key: Buffer.from('p1'), value: Buffer.from('Home'), timestamp: startMs })
}

async function withVisits(level: 'info' | 'debug', check: (streams: StreamsInstance) => void): Promise<void> {
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await client.admin.createTopics([visit, page, views].map(({ name }) => ({ name, partitions: 1 })))
  await send(client)
  const options = { topology: visits, client, config: { 'metrics.recording.level': level.toUpperCase() } }
  {
    await using streams = await startStreams({ ...options, stateDir: 'memory', instanceId: 'one' })
    await waitUntil(() => figure(streams, 'millrace_streams_lag_records', { topic: visit.name }) === 0)
  }
  // State in memory is gone: this one restores.
  await using streams = await startStreams({ ...options, stateDir: 'memory', instanceId: 'one' })
  await waitUntil(() => streams.state() === 'running')
  await send(client)
  await waitUntil(() => figure(streams, 'millrace_streams_lag_records', { topic: visit.name }) === 0)
  check(streams)
}

/** The sum of the samples with these labels; undefined where there are none. */
function figure(
  streams: StreamsInstance,
  name: StreamsMetric,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = [...streams.metrics()].filter((sample) => {
    return sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
  })
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

/** What this application says of itself nowhere: nothing of it punctuates, stands by, is global or holds back. */
const unheard: ReadonlySet<string> = new Set([
  'millrace_streams_task_punctuations_total',
  'millrace_streams_task_punctuation_seconds_total',
  'millrace_streams_task_punctuation_seconds_max',
  'millrace_streams_standby_lag_records',
  'millrace_streams_global_records_total',
  'millrace_streams_store_held_records',
  'millrace_streams_store_held_records_max',
  'millrace_streams_store_held_bytes',
  'millrace_streams_store_held_bytes_max',
])

test('with debug every metric of the table is there, once for its labels, with a value that can be', async () => {
  await withVisits('debug', (streams) => {
    const samples = [...streams.metrics()].filter(({ name }) => name.startsWith('millrace_streams_'))
    const names = new Set(samples.map(({ name }) => name))
    const missing = Object.keys(families).filter((name) => !names.has(name) && !unheard.has(name))
    assert.deepEqual(missing, [])
    const seen = new Set<string>()
    for (const sample of samples) {
      assertSane(sample)
      const one = JSON.stringify([sample.name, Object.entries(sample.labels).sort()])
      assert.ok(!seen.has(one), `${one} is there twice`)
      seen.add(one)
    }
    assertExact(streams)
    const gets = { store: 'per-page', operation: 'get' }
    assert.equal(figure(streams, 'millrace_streams_store_operations_total', gets), 100)
    assert.equal(figure(streams, 'millrace_streams_store_operations_total', { ...gets, operation: 'put' }), 100)
    assert.equal(
      figure(streams, 'millrace_streams_node_processed_records_total', { node: 'KSTREAM-FILTER-0000000001' }),
      100,
    )
    // Stream time stands at the last record of the first run.
    assert.equal(figure(streams, 'millrace_streams_task_record_lateness_seconds_max'), 890)
  })
})

function assertSane({ name, type, help, labels, value }: MetricSample): void {
  const family = families[name]
  assert.ok(family, `${name} is not in the table`)
  assert.deepEqual([type, help], [family.type, family.help])
  assert.ok(Number.isFinite(value) && value >= 0, `${name} is ${value}`)
  for (const label of family.labels) assert.ok(labels[label] !== undefined, `${name} has no label ${label}`)
  assert.deepEqual([labels.application, labels.instance], ['visits', 'one'])
  if (name.endsWith('_seconds_total') && !/e2e|lateness/.test(name)) assert.ok(value < 30, `${name} is ${value}`)
  if (/e2e/.test(name) && name.endsWith('_max')) assert.ok(value > 3_600, `records of long ago are old: ${value}`)
}

/** What this input must come to, whatever the level. */
function assertExact(streams: StreamsInstance): void {
  const exact: readonly [StreamsMetric, Readonly<Record<string, string>>, number][] = [
    ['millrace_streams_ready', {}, 1],
    ['millrace_streams_state', { state: 'running' }, 1],
    ['millrace_streams_threads', {}, 1],
    ['millrace_streams_threads_failed_total', {}, 0],
    ['millrace_streams_records_processed_total', {}, 101],
    ['millrace_streams_thread_poll_records_total', {}, 101],
    ['millrace_streams_task_processed_records_total', {}, 101],
    ['millrace_streams_topic_consumed_records_total', { topic: visit.name }, 100],
    ['millrace_streams_topic_consumed_records_total', { topic: page.name }, 1],
    // Stream time goes on where it was: of what comes again only the last minute is not late.
    ['millrace_streams_dropped_records_total', { reason: 'late' }, 94],
    ['millrace_streams_restored_records_total', {}, 7 + 90 + 1],
    ['millrace_streams_task_restored_records_total', {}, 7 + 90 + 1],
    ['millrace_streams_restore_remaining_records', {}, 0],
    ['millrace_streams_tasks', {}, 1],
    ['millrace_streams_thread_tasks_created_total', {}, 1],
    ['millrace_streams_rebalances_total', {}, 1],
    ['millrace_streams_task_buffered_records', {}, 0],
    ['millrace_streams_cache_misses_total', { store: 'per-page' }, 7],
    ['millrace_streams_cache_hits_total', { store: 'per-page' }, 93],
    ['millrace_streams_task_stream_time_seconds', {}, (startMs + 89 * 10_000) / 1_000],
  ]
  for (const [name, labels, expected] of exact) assert.equal(figure(streams, name, labels), expected, name)
}

test('without it nothing is timed record by record, and the rest is as exact', async () => {
  await withVisits('info', (streams) => {
    const names = new Set([...streams.metrics()].map(({ name }) => name))
    for (const [name, { debug }] of Object.entries(families)) {
      if (!unheard.has(name)) assert.equal(names.has(name), debug !== true, name)
    }
    assertExact(streams)
  })
})
