import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { partitionForKey, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { type Topology, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'
import { failLoudly } from '../handlers.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { RecordCache } from '../stores/record-cache.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig } from '../task.ts'

const orders = topic('orders', { key: serdes.string, value: serdes.string })
const customers = topic('customers', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function joining(table: { historyRetentionMs?: number } = {}, options: { graceMs?: number } = {}): Topology {
  const app = topology('joining')
  app
    .stream(orders)
    .leftJoin(app.table(customers, { store: 'rows', ...table }), (o, c) => `${o} ${c}`, { name: 'named', ...options })
    .to(out)
  return app
}

type Driver = ReturnType<typeof testDriver>

function missesOf(driver: Driver): unknown[] {
  return driver.joinMisses().map(({ reason, timestamp, tableTimeMs }) => [reason, timestamp, tableTimeMs])
}

test('each miss is there with its reason and the times of both sides', () => {
  using driver = testDriver(joining())
  driver.input(orders).pipe('a', 'early', { timestamp: 50 })
  driver.input(customers).pipe('a', 'Ann', { timestamp: 100 })
  driver.input(orders).pipe('b', 'unknown', { timestamp: 60 })
  driver.input(orders).pipe('b', 'later than the table', { timestamp: 160 })
  driver.input(orders).pipe(null, 'without key', { timestamp: 170 })
  driver.input(orders).pipe('a', null, { timestamp: 180 })
  driver.input(orders).pipe('a', 'found', { timestamp: 90 })
  assert.deepEqual(missesOf(driver), [
    ['not-loaded', 50, undefined],
    ['no-row', 60, 100],
    ['not-loaded', 160, 100],
    ['null-key', 170, 100],
    ['null-value', 180, 100],
  ])
  const [first] = driver.joinMisses()
  assert.deepEqual(
    { ...first },
    {
      task: '0_0',
      node: 'named',
      reason: 'not-loaded',
      topic: 'orders',
      partition: 0,
      offset: 0,
      timestamp: 50,
      tableTimeMs: undefined,
    },
  )
})

test('a version that has been forgotten is another reason than one that never was', () => {
  using driver = testDriver(joining({ historyRetentionMs: 100 }))
  driver.input(customers).pipe('a', 'Ann', { timestamp: 10 })
  driver.input(customers).pipe('a', 'Anna', { timestamp: 500 })
  driver.input(orders).pipe('a', 'long ago', { timestamp: 20 })
  driver.input(orders).pipe('a', 'before the first', { timestamp: 450 })
  assert.deepEqual(missesOf(driver), [['expired', 20, 500]])
})

test('a record that came after its grace is late', () => {
  using driver = testDriver(joining({ historyRetentionMs: 1_000 }, { graceMs: 10 }))
  driver.input(orders).pipe('a', 'waits', { timestamp: 100 })
  driver.input(orders).pipe('b', 'moves time', { timestamp: 200 })
  driver.input(orders).pipe('c', 'late', { timestamp: 150 })
  assert.deepEqual(
    driver.joinMisses().map(({ reason, timestamp }) => [reason, timestamp]),
    [
      ['not-loaded', 100],
      ['late', 150],
    ],
  )
})

test('a key in a partition that it does not belong to is not co-partitioned', () => {
  const partitions = 4
  const task = createStreamTask({
    plan: runnable(joining()).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: memoryStores(),
    clock: new VirtualClock(0),
    cache: new RecordCache({ maxBytes: 0 }),
    partitionsOf: () => partitions,
    config: { ...defaultTaskConfig, handlers: failLoudly },
    output: { produce: () => {}, changelog: () => {}, deadLetter: () => {} },
  })
  const belongs = (key: string): boolean => partitionForKey(Buffer.from(key), partitions) === 0
  const keys = Array.from({ length: 20 }, (_, at) => `k${at}`)
  const builder = new RecordBatchBuilder()
  for (const key of keys) builder.append(1, Buffer.from(key), Buffer.from('x'))
  const batches = [new RecordBatchView(builder.build({ baseOffset: 0 }))]
  const end = { firstOffset: 0, nextOffset: keys.length, endOffset: keys.length }
  task.addBatches({ topic: 'orders', partition: 0, batches, ...end })
  task.addBatches({ topic: 'customers', partition: 0, batches: [], firstOffset: 0, nextOffset: 0, endOffset: 0 })
  task.process({ budgetMs: 1_000 })
  assert.deepEqual(
    task.joinMisses().map(({ reason }) => reason),
    keys.map((key) => (belongs(key) ? 'not-loaded' : 'not-co-partitioned')),
  )
})

test('the last hundred misses of a task are kept, in their order', () => {
  using driver = testDriver(joining())
  for (let at = 0; at < 250; at++) driver.input(orders).pipe(`k${at}`, 'x', { timestamp: at })
  assert.deepEqual(
    driver.joinMisses().map(({ offset }) => offset),
    Array.from({ length: 100 }, (_, at) => 150 + at),
  )
})
