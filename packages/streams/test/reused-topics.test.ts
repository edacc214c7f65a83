import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { redriveHeaders } from '@millrace/base/internal'
import { startBroker } from '@millrace/broker'
import { kafkaClient } from '@millrace/kafka'
import { failureHandlers, type StreamsInstance, startStreams, topology } from '@millrace/streams'
import { fastGroups, metric } from './support/group-setup.ts'
import { waitUntil } from './support/kafka.ts'
import { createTopics, partitions, placeOrders } from './support/orders.ts'
import { order } from './support/spend-app.ts'

/** The orders as a table without a changelog. */
function ordersApp() {
  const app = topology('orders', { optimize: ['reuse.ktable.source.topics'] })
  app.table(order, { store: 'orders' })
  return app
}

function figure(streams: StreamsInstance, name: string): number {
  return [...streams.metrics()].find((sample) => sample.name === name)?.value ?? 0
}

test('a lost disk is restored from the topic that the table reads, up to what was consumed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-reuse-'))
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await createTopics(client)
  await placeOrders(client, 0, 100)
  const start = (stateDir: string): Promise<StreamsInstance> =>
    startStreams({ topology: ordersApp, brokers: broker.brokers, stateDir: join(directory, stateDir) })
  const rows = (streams: StreamsInstance): number =>
    streams.state() === 'running' ? streams.queries.range('orders', { limit: 1_000 }).length : 0
  {
    await using streams = await start('one')
    await waitUntil(() => rows(streams) === 100)
  }
  await placeOrders(client, 100, 50)
  {
    await using streams = await start('two')
    await waitUntil(() => rows(streams) === 150)
    assert.equal(figure(streams, 'millrace_streams_restored_records_total'), 100)
  }
  {
    await using streams = await start('two')
    await waitUntil(() => rows(streams) === 150)
    assert.equal(
      figure(streams, 'millrace_streams_restored_records_total'),
      0,
      'the store stands where it was consumed',
    )
  }
  const names = (await client.admin.listTopics()).map(({ name }) => name)
  assert.ok(!names.some((name) => name.endsWith('-changelog')), names.join(', '))
  rmSync(directory, { recursive: true })
})

test('a standby of such a table follows the topic as far as the task has consumed it, and goes on from there', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-reuse-'))
  await using broker = await startBroker({ memory: true, config: fastGroups })
  await using client = kafkaClient({ brokers: broker.brokers })
  await createTopics(client)
  await placeOrders(client, 0, 300)
  const start = (stateDir: string): Promise<StreamsInstance> =>
    startStreams({
      topology: ordersApp,
      brokers: broker.brokers,
      stateDir: join(directory, stateDir),
      numStandbyReplicas: 1,
      // A task moves when its copy is whole, so that every record is copied once.
      limits: { heartbeatIntervalMs: 100, probingRebalanceIntervalMs: 500, acceptableRecoveryLag: 0 },
    })
  await using one = await start('one')
  await waitUntil(() => one.state() === 'running')
  // Before that a copy that holds nothing would miss nothing.
  await waitUntil(async () => {
    const committed = await client.admin.committedOffsets('orders')
    return committed.reduce((sum, { offset }) => sum + offset, 0) === 300
  })
  await using two = await start('two')
  await waitUntil(() => metric(one, 'standby_tasks') + metric(two, 'standby_tasks') === partitions)
  const copied = (): number => metric(one, 'standby_records_total') + metric(two, 'standby_records_total')
  await waitUntil(
    () => copied() >= 300 && metric(one, 'standby_lag_records') + metric(two, 'standby_lag_records') === 0,
  )
  // Nobody consumes these yet: they are no part of the table, here or there.
  one.pause()
  two.pause()
  await waitUntil(() => metric(one, 'paused_tasks') > 0 && metric(two, 'paused_tasks') > 0)
  const before = copied()
  await placeOrders(client, 300, 30)
  one.resume()
  two.resume()
  await waitUntil(() => copied() === before + 30)
  await one.close()
  await waitUntil(() => two.state() === 'running' && metric(two, 'tasks') === partitions)
  assert.equal(two.queries.range('orders', { limit: 1_000 }).length, 330)
  assert.equal(metric(two, 'restored_records_total'), 0, 'what it runs now it had copied')
  await two.close()
  rmSync(directory, { recursive: true })
})

test('rows that could not be decoded, and were let pass, or that came back for another application, are not restored either', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-reuse-'))
  await using broker = await startBroker({ memory: true })
  await using client = kafkaClient({ brokers: broker.brokers })
  await createTopics(client)
  await placeOrders(client, 0, 30)
  {
    await using producer = client.producer()
    const undecodable = { topic: order.name, key: Buffer.from('o7'), value: Buffer.from('{') }
    await producer.send({ ...undecodable, timestamp: 1_700_000_100_000 })
    const back = { topic: order.name, origin: 'order/0/1@0', application: 'other', count: 1 }
    await producer.send({ ...undecodable, value: null, timestamp: 1_700_000_100_001, headers: redriveHeaders(back) })
  }
  for (const stateDir of ['one', 'two']) {
    await using streams = await startStreams({
      topology: ordersApp,
      brokers: broker.brokers,
      stateDir: join(directory, stateDir),
      handlers: { deserialize: failureHandlers.continue },
    })
    await waitUntil(
      () => streams.state() === 'running' && streams.queries.range('orders', { limit: 1_000 }).length === 30,
    )
    assert.deepEqual(streams.queries.get('orders', 'o7')?.value, { customer: 'c7', cents: 7 })
    const dropped = [...streams.metrics()].filter(({ name }) => name === 'millrace_streams_dropped_records_total')
    assert.deepEqual(
      Object.fromEntries(dropped.map(({ labels, value }) => [labels.reason, value])),
      { skipped: 1, 'for-another': 1 },
      'consumed or restored, they are counted',
    )
  }
  rmSync(directory, { recursive: true })
})
