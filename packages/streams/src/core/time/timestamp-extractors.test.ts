import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { type TimestampExtractor, timestampExtractors, topology, tumbling } from '../../index.ts'
import { type TestDriver, type TestDriverOptions, testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'
import { failLoudly } from '../handlers.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { RecordCache } from '../stores/record-cache.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig } from '../task.ts'

interface Reading {
  readonly at: number
}
const readings = topic('readings', { key: serdes.string, value: serdes.json<Reading>() })
const others = topic('others', { key: serdes.string, value: serdes.json<Reading>() })
const out = topic('out', { key: serdes.string, value: serdes.json<Reading>() })

function copying(
  timestamp: TimestampExtractor<string, Reading> | undefined,
  options: TestDriverOptions = {},
): TestDriver {
  const app = topology('copying')
  app.stream(readings, timestamp === undefined ? {} : { timestamp }).to(out)
  return testDriver(app, options)
}

function pipe(driver: TestDriver, at: number, timestamp: number): number[] {
  driver.input(readings).pipe('k', { at }, { timestamp })
  return driver
    .output(out)
    .readRecords()
    .map((record) => record.timestamp)
}

test('an extractor says what time a record is of', () => {
  using driver = copying(({ value }) => value!.at)
  assert.deepEqual(pipe(driver, 42, 7), [42])
})

test('an extractor is given where the record came from, and how far its partition is', () => {
  const given: unknown[] = []
  using driver = copying(
    ({ key, topic: source, partition, offset, timestamp, headers }, { partitionTimeMs, wallClockMs }) => {
      given.push([key, source, partition, offset, timestamp, headers.length, partitionTimeMs, wallClockMs])
      return timestamp
    },
    { startMs: 99 },
  )
  pipe(driver, 0, 5)
  driver.input(readings).pipe('l', { at: 1 }, { timestamp: 3, headers: { trace: 'x' } })
  assert.deepEqual(given, [
    ['k', 'readings', 0, 0, 5, 0, -1, 99],
    ['l', 'readings', 0, 1, 3, 1, 5, 99],
  ])
})

test('windows go by the extracted time', () => {
  const app = topology('windows')
  app
    .stream(readings, { timestamp: ({ value }) => value!.at })
    .groupByKey()
    .window(tumbling({ sizeMs: 10 }))
    .count({ store: 'counts' })
  using driver = testDriver(app)
  driver.input(readings).pipe('k', { at: 25 }, { timestamp: 1 })
  driver.input(readings).pipe('k', { at: 3 }, { timestamp: 100 })
  assert.deepEqual(
    [...driver.windowStore('counts').all()].map(({ start }) => start),
    [20],
  )
  assert.deepEqual(driver.dropped(), { late: 1 })
})

test('inputs are taken in the order of the extracted times', () => {
  const app = topology('order')
  const seen: string[] = []
  const timestamp = ({ value }: { value: Reading | null }): number => value!.at
  const stream = app.stream(readings, { timestamp }).merge(app.stream(others, { timestamp }))
  stream.forEach((_value, key) => void seen.push(key))
  const task = createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: memoryStores(),
    clock: new VirtualClock(0),
    cache: new RecordCache({ maxBytes: 0 }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: failLoudly },
    output: { produce: () => {}, changelog: () => {}, deadLetter: () => {} },
  })
  const feed = (name: string, ...records: readonly [key: string, at: number][]): void => {
    const builder = new RecordBatchBuilder()
    for (const [key, at] of records) builder.append(1_000 - at, Buffer.from(key), Buffer.from(JSON.stringify({ at })))
    const batches = [new RecordBatchView(builder.build({ baseOffset: 0 }))]
    const end = records.length
    task.addBatches({ topic: name, partition: 0, batches, firstOffset: 0, nextOffset: end, endOffset: end })
  }
  feed('readings', ['first', 10], ['fourth', 40])
  feed('others', ['second', 20], ['third', 30])
  task.process({ budgetMs: 1_000 })
  assert.deepEqual(seen, ['first', 'second', 'third', 'fourth'])
})

test('a negative timestamp fails without an extractor and with failOnInvalid', () => {
  for (const extractor of [undefined, timestampExtractors.failOnInvalid]) {
    using driver = copying(extractor)
    assert.throws(() => pipe(driver, 0, -1), { code: 'STREAMS_DESERIALIZE_FAILED', message: /timestamp is -1/ })
  }
})

test('skipInvalid leaves it out and counts it', () => {
  using driver = copying(timestampExtractors.skipInvalid)
  assert.deepEqual(pipe(driver, 0, -1), [])
  assert.deepEqual(pipe(driver, 0, 3), [3])
  assert.deepEqual(driver.dropped(), { 'invalid-timestamp': 1 })
})

test('partitionTimeOnInvalid takes the time of the partition, and fails before there is one', () => {
  using driver = copying(timestampExtractors.partitionTimeOnInvalid, { handlers: { deserialize: () => 'continue' } })
  assert.deepEqual(pipe(driver, 0, -1), [])
  assert.deepEqual(pipe(driver, 0, 8), [8])
  assert.deepEqual(pipe(driver, 0, 6), [6])
  assert.deepEqual(pipe(driver, 0, -1), [8])
  assert.deepEqual(driver.dropped(), { skipped: 1 })
})

test('wallClock takes the clock, whatever the record says', () => {
  using driver = copying(timestampExtractors.wallClock, { startMs: 70 })
  assert.deepEqual(pipe(driver, 0, -1), [70])
  driver.advanceTime(5)
  assert.deepEqual(pipe(driver, 0, 1_000), [75])
})

test('what an extractor throws, or makes that is no time, goes to the deserialize handler', () => {
  const failures: string[] = []
  const handlers: TestDriverOptions['handlers'] = {
    deserialize: (error) => {
      failures.push((error as Error).message)
      return 'deadLetter'
    },
  }
  using driver = copying(({ value }) => value!.at, { handlers })
  driver.input(readings).pipe('k', null)
  driver.input(readings).pipeBytes(Buffer.from('k'), Buffer.from('{'))
  pipe(driver, Number.NaN, 1)
  assert.equal(driver.deadLetters().length, 3)
  assert.match(failures[0]!, /null/)
  assert.match(failures[1]!, /JSON/)
  assert.match(failures[2]!, /extractor of readings made null the timestamp/)
})

test('a record that is tried again is asked for its time again', () => {
  let asked = 0
  using driver = copying(
    () => {
      asked++
      if (asked < 3) throw new Error('not yet')
      return 9
    },
    { handlers: { deserialize: () => 'retry' } },
  )
  assert.deepEqual(pipe(driver, 0, 1), [9])
  assert.equal(asked, 3)
})

test('a topology has one for the topics that are read without their own', () => {
  const app = topology('default', { timestamp: () => 4 })
  app.stream(readings).to(out)
  app.stream(others, { timestamp: () => 5 }).to(out)
  using driver = testDriver(app)
  driver.input(readings).pipe('k', { at: 0 }, { timestamp: 1 })
  driver.input(others).pipe('k', { at: 0 }, { timestamp: 1 })
  assert.deepEqual(
    driver
      .output(out)
      .readRecords()
      .map((record) => record.timestamp),
    [4, 5],
  )
})

test('repartition topics carry the times that were extracted', () => {
  const app = topology('repartitioned', { timestamp: ({ value }) => (value as Reading).at })
  app
    .stream(readings)
    .groupBy((reading) => String(reading.at), { name: 'by-time' })
    .reduce((_, reading) => ({ at: -reading.at }), { store: 'last' })
  using driver = testDriver(app)
  driver.input(readings).pipe('k', { at: 33 }, { timestamp: 1 })
  assert.equal(driver.store('last').get('33')?.timestamp, 33)
})

test('one topic is read under one extractor', () => {
  const app = topology('twice')
  app.stream(readings, { timestamp: () => 1 }).to(out)
  app.stream(readings, { timestamp: () => 2 }).to(others)
  assert.throws(() => app.describe(), { message: /'readings' is read with two different timestamp extractors/ })
})
