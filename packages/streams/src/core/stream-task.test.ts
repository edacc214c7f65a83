import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { type Topology, topology, tumbling } from '../index.ts'
import { runnable } from './dsl/topology.ts'
import { failLoudly } from './handlers.ts'
import { memoryStores } from './stores/memory-store.ts'
import { RecordCache } from './stores/record-cache.ts'
import type { ReadOnlyKeyValueStore } from './stores/views.ts'
import { createStreamTask } from './stream-task.ts'
import { defaultTaskConfig, type StreamTask, type TaskConfig } from './task.ts'

const numbers = topic('numbers', { key: serdes.string, value: serdes.json<number>() })
const others = topic('others', { key: serdes.string, value: serdes.json<number>() })
const out = topic('out', { key: serdes.string, value: serdes.json<number>() })

type Written = [topic: string, key: string, value: string | null, timestamp: number]

interface Harness {
  readonly task: StreamTask
  readonly clock: VirtualClock
  readonly produced: Written[]
  readonly logged: Written[]
}

function sums(): Topology {
  const app = topology('app')
  app
    .stream(numbers)
    .groupByKey()
    .reduce((sum, value) => sum + value, { initial: 0, store: 'sums' })
    .to(out)
  return app
}

function start(
  app: Topology,
  options: { stores?: ReturnType<typeof memoryStores>; cacheMaxBytes?: number; config?: Partial<TaskConfig> } = {},
): Harness {
  const clock = new VirtualClock(0)
  const produced: Written[] = []
  const logged: Written[] = []
  const text = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString()
  const task = createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: options.stores ?? memoryStores(),
    clock,
    cache: new RecordCache({ maxBytes: options.cacheMaxBytes ?? 1_000_000 }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: failLoudly, ...options.config },
    output: {
      produce: (name, _partition, timestamp, key, value) =>
        void produced.push([name, text(key)!, text(value), timestamp]),
      changelog: (name, _partition, timestamp, key, value) =>
        void logged.push([name, text(key)!, text(value), timestamp]),
      deadLetter: () => {},
    },
  })
  return { task, clock, produced, logged }
}

function batch(
  firstOffset: number,
  records: readonly (readonly [key: string, value: number, timestamp: number])[],
): RecordBatchView {
  const builder = new RecordBatchBuilder()
  for (const [key, value, timestamp] of records) builder.append(timestamp, Buffer.from(key), Buffer.from(String(value)))
  return new RecordBatchView(builder.build({ baseOffset: firstOffset }))
}

function feed(
  task: StreamTask,
  name: string,
  firstOffset: number,
  records: readonly (readonly [key: string, value: number, timestamp: number])[],
  endOffset?: number,
): void {
  const nextOffset = firstOffset + records.length
  const batches = records.length === 0 ? [] : [batch(firstOffset, records)]
  task.addBatches({ topic: name, partition: 0, batches, firstOffset, nextOffset, endOffset: endOffset ?? nextOffset })
}

const all = { budgetMs: 1_000 }

function commit({ task }: Harness, nextOffset: number): void {
  task.flush()
  task.consumedOffsets()
  task.commitStores(new Map([['sums', nextOffset]]))
}

function sumOf({ task }: Harness, key: string, isolation: 'committed' | 'uncommitted'): unknown {
  return (task.query('sums', isolation) as ReadOnlyKeyValueStore).get(key)?.value
}

test('state reaches the byte store with the commit, and not before', () => {
  const stores = memoryStores()
  const harness = start(sums(), { stores })
  feed(harness.task, 'numbers', 0, [['a', 5, 10]])
  assert.equal(harness.task.process(all), 1)
  assert.equal(sumOf(harness, 'a', 'committed'), undefined)
  assert.equal(sumOf(harness, 'a', 'uncommitted'), 5)
  harness.task.flush()
  assert.deepEqual(harness.logged, [['app-sums-changelog', 'a', '5', 10]])
  assert.deepEqual(harness.produced, [['out', 'a', '5', 10]])
  assert.equal(sumOf(harness, 'a', 'committed'), undefined)
  assert.deepEqual(
    harness.task.consumedOffsets().map(({ topic: name, partition, offset }) => [name, partition, offset]),
    [['numbers', 0, 1]],
  )
  harness.task.commitStores(new Map([['sums', 1]]))
  assert.equal(sumOf(harness, 'a', 'committed'), 5)
  assert.deepEqual(harness.task.changelogs(), [
    { store: 'sums', topic: 'app-sums-changelog', partition: 0, checkpoint: 1 },
  ])
  assert.equal(harness.task.needsCommit, false)
  const successor = start(sums(), { stores })
  assert.equal(sumOf(successor, 'a', 'committed'), 5)
})

test('an aborted transaction leaves nothing behind: the same records give the same results again', () => {
  const harness = start(sums())
  feed(harness.task, 'numbers', 0, [['a', 5, 10]])
  harness.task.process(all)
  commit(harness, 1)
  harness.produced.length = harness.logged.length = 0
  for (let attempt = 0; attempt < 3; attempt++) {
    feed(harness.task, 'numbers', 1, [
      ['a', 1, 20],
      ['b', 2, 30],
    ])
    assert.equal(harness.task.process(all), 2)
    harness.task.flush()
    assert.deepEqual(harness.produced.splice(0), [
      ['out', 'a', '6', 20],
      ['out', 'b', '2', 30],
    ])
    harness.task.discard()
    assert.equal(sumOf(harness, 'a', 'uncommitted'), 5)
    assert.equal(sumOf(harness, 'b', 'uncommitted'), undefined)
    assert.equal(harness.task.bufferedRecords('numbers', 0), 0)
    assert.equal(harness.task.uncommittedBytes, 0)
    assert.equal(harness.task.needsCommit, false)
  }
})

test('a flush between commits is read by those after it', () => {
  const harness = start(sums(), { cacheMaxBytes: 0 })
  feed(harness.task, 'numbers', 0, [
    ['a', 1, 0],
    ['b', 1, 0],
    ['a', 1, 0],
  ])
  harness.task.process(all)
  assert.deepEqual(
    harness.logged.map(([, key, value]) => [key, value]),
    [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
    ],
  )
  const rows = [...(harness.task.query('sums', 'uncommitted') as ReadOnlyKeyValueStore).all()]
  assert.deepEqual(
    rows.map(({ key, value }) => [key, value]),
    [
      ['a', 2],
      ['b', 1],
    ],
  )
  assert.ok(harness.task.uncommittedBytes > 0)
})

test('a changelog restores values, times and deletions, and the checkpoint', () => {
  const harness = start(sums())
  const builder = new RecordBatchBuilder()
  builder.append(1, Buffer.from('skipped'), Buffer.from('1'))
  builder.append(5, Buffer.from('a'), Buffer.from('7'))
  builder.append(6, Buffer.from('b'), Buffer.from('8'))
  builder.append(7, Buffer.from('b'), null)
  const changelog = new RecordBatchView(builder.build({ baseOffset: 40 }))
  assert.equal(harness.task.restore('sums', [changelog], { firstOffset: 41, nextOffset: 45 }), 3)
  const store = harness.task.query('sums', 'committed') as ReadOnlyKeyValueStore
  assert.deepEqual([...store.all()], [{ key: 'a', value: 7, timestamp: 5 }])
  assert.equal(harness.task.changelogs()[0]?.checkpoint, 45)
  feed(harness.task, 'numbers', 0, [['a', 1, 3]])
  harness.task.process(all)
  harness.task.flush()
  assert.deepEqual(harness.logged, [['app-sums-changelog', 'a', '8', 5]])
})

test('records before the position that was asked for are skipped', () => {
  const harness = start(sums())
  const whole = batch(10, [
    ['a', 1, 0],
    ['a', 2, 0],
    ['a', 4, 0],
  ])
  harness.task.addBatches({
    topic: 'numbers',
    partition: 0,
    batches: [whole],
    firstOffset: 12,
    nextOffset: 13,
    endOffset: 13,
  })
  assert.equal(harness.task.process(all), 1)
  assert.equal(sumOf(harness, 'a', 'uncommitted'), 4)
})

function merged(): Topology {
  const app = topology('app')
  app.stream(numbers).merge(app.stream(others)).to(out)
  return app
}

test('records of several partitions are taken in the order of their times', () => {
  const { task, produced } = start(merged())
  feed(task, 'numbers', 0, [
    ['n', 1, 10],
    ['n', 2, 40],
  ])
  feed(task, 'others', 0, [
    ['o', 1, 20],
    ['o', 2, 30],
  ])
  task.process(all)
  assert.deepEqual(
    produced.map(([, , , timestamp]) => timestamp),
    [10, 20, 30, 40],
  )
})

test('a partition that is known to have more holds the others back', () => {
  const { task, produced } = start(merged())
  feed(task, 'numbers', 0, [['n', 1, 10]])
  assert.equal(task.canProcess(), false)
  feed(task, 'others', 0, [], 5)
  assert.equal(task.canProcess(), false)
  feed(task, 'others', 0, [['o', 1, 5]], 1)
  assert.equal(task.process(all), 2)
  assert.deepEqual(
    produced.map(([, key]) => key),
    ['o', 'n'],
  )
})

test('the wait for a partition that has nothing ends by time', () => {
  const { task, clock } = start(merged(), { config: { maxTaskIdleMs: 100 } })
  feed(task, 'numbers', 0, [['n', 1, 10]])
  feed(task, 'others', 0, [])
  assert.equal(task.canProcess(), false)
  assert.equal(task.nextWakeMs(), 100)
  clock.advance(100)
  assert.equal(task.process(all), 1)
})

test('processing ends with its budget and goes on where it ended', () => {
  const { task } = start(merged(), { config: { maxTaskIdleMs: -1 } })
  feed(
    task,
    'numbers',
    0,
    Array.from({ length: 100 }, (_, at) => ['n', at, at] as const),
  )
  assert.equal(task.process({ budgetMs: 1_000, maxRecords: 30 }), 30)
  assert.equal(task.process({ budgetMs: 0 }), 32)
  assert.equal(task.consumedOffsets()[0]?.offset, 62)
  assert.equal(task.process(all), 38)
  assert.equal(task.canProcess(), false)
})

test('control records at the end of a fetch are committed over', () => {
  const { task } = start(merged(), { config: { maxTaskIdleMs: -1 } })
  task.addBatches({
    topic: 'numbers',
    partition: 0,
    batches: [batch(0, [['n', 1, 1]])],
    firstOffset: 0,
    nextOffset: 3,
    endOffset: 3,
  })
  task.process(all)
  assert.equal(task.consumedOffsets()[0]?.offset, 3)
})

function perMinute(): Topology {
  const app = topology('app')
  app
    .stream(numbers)
    .groupByKey()
    .window(tumbling({ sizeMs: 60_000 }))
    .count({ store: 'counts' })
  return app
}

test('what was late before a restart is late after it: committed metadata carries the time', () => {
  const stores = memoryStores()
  const first = start(perMinute(), { stores })
  feed(first.task, 'numbers', 0, [['a', 1, 200_000]])
  first.task.process(all)
  first.task.flush()
  const [committed] = first.task.consumedOffsets()
  first.task.commitStores(new Map())
  const second = start(perMinute(), { stores })
  second.task.restoreTime(committed!)
  feed(second.task, 'numbers', 1, [['a', 1, 1_000]])
  second.task.process(all)
  const dropped = [...second.task.metrics()].filter(({ name }) => name === 'millrace_streams_dropped_records_total')
  assert.deepEqual(
    dropped.map(({ labels, value }) => [labels.reason, value]),
    [['late', 1]],
  )
})

test('an aborted record does not move stream time', () => {
  const { task } = start(perMinute())
  feed(task, 'numbers', 0, [['a', 1, 200_000]])
  task.process(all)
  task.discard()
  feed(task, 'numbers', 0, [['a', 1, 1_000]])
  task.process(all)
  const dropped = [...task.metrics()].filter(({ name }) => name === 'millrace_streams_dropped_records_total')
  assert.deepEqual(dropped, [])
})

test('what the output throws is no matter of the record: no handler is asked', () => {
  const asked: string[] = []
  const ask = (): 'continue' => {
    asked.push('asked')
    return 'continue'
  }
  const fenced = new Error('fenced')
  const task = createStreamTask({
    plan: runnable(sums()).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: memoryStores(),
    clock: new VirtualClock(0),
    cache: new RecordCache({ maxBytes: 0 }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: { deserialize: ask, process: ask, produce: ask } },
    output: {
      produce: () => {},
      changelog() {
        throw fenced
      },
      deadLetter: () => {},
    },
  })
  feed(task, 'numbers', 0, [['a', 1, 0]])
  assert.throws(() => task.process(all), fenced)
  assert.deepEqual(asked, [])
})
