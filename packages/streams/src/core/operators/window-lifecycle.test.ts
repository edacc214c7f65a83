import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { type Header, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import {
  sessionWindow,
  slidingWindow,
  type Topology,
  topology,
  tumbling,
  untilWindowCloses,
  type Windowed,
} from '../../index.ts'
import { runnable } from '../dsl/topology.ts'
import { failLoudly } from '../handlers.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { RecordCache } from '../stores/record-cache.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig, type StreamTask } from '../task.ts'

const clicks = topic('clicks', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })
const flat = (value: string | null, { key, window }: Windowed<string>) =>
  [`${key} ${window.start}-${window.end}`, value] as const

const concat = (one: string, other: string): string => one + other
const grouped = (app: Topology) => app.stream(clicks).groupByKey()
const store = { store: 'kept' }

/** Programs that keep windows in different ways; all hand on final results. */
const programs: Record<string, (app: Topology) => void> = {
  'tumbling windows, on close': (app) =>
    grouped(app)
      .window(tumbling({ sizeMs: 100, graceMs: 50 }), { emit: 'onClose' })
      .reduce(concat, store)
      .toStream()
      .map(flat)
      .to(out),
  'sliding windows, on close': (app) =>
    grouped(app)
      .window(slidingWindow({ differenceMs: 100, graceMs: 50 }), { emit: 'onClose' })
      .reduce(concat, store)
      .toStream()
      .map(flat)
      .to(out),
  'sessions, on close': (app) =>
    grouped(app)
      .window(sessionWindow({ gapMs: 60, graceMs: 50 }), { emit: 'onClose' })
      .reduce(concat, store)
      .toStream()
      .map(flat)
      .to(out),
  'sessions, held back': (app) =>
    grouped(app)
      .window(sessionWindow({ gapMs: 60, graceMs: 50 }))
      .reduce(concat, store)
      .suppress(untilWindowCloses({ buffer: 'unbounded', name: 'held' }))
      .toStream()
      .map(flat)
      .to(out),
}

type Click = readonly [key: string, page: string, timestamp: number]
interface Logged {
  readonly topic: string
  readonly timestamp: number
  readonly key: Buffer
  readonly value: Buffer | null
  readonly headers: readonly Header[]
}

const visited: readonly Click[] = [
  ['a', '1', 110],
  ['b', '2', 120],
  ['a', '3', 150],
  ['a', '4', 220],
  ['b', '5', 190],
  ['c', '6', 400],
  ['a', '7', 390],
  ['b', '8', 480],
  ['b', '9', 700],
  ['c', '0', 1_200],
]

function start(
  build: (app: Topology) => void,
  options: { stores?: ReturnType<typeof memoryStores>; cacheMaxBytes: number },
) {
  const app = topology('app')
  build(app)
  const results: [string, string | null, number][] = []
  const logged: Logged[] = []
  const task = createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: options.stores ?? memoryStores(),
    clock: new VirtualClock(0),
    cache: new RecordCache({ maxBytes: options.cacheMaxBytes }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: failLoudly, strict: true },
    output: {
      produce: (_topic, _partition, timestamp, key, value) =>
        void results.push([Buffer.from(key!).toString(), value && Buffer.from(value).toString(), timestamp]),
      changelog: (name, _partition, timestamp, key, value, headers = []) =>
        void logged.push({
          topic: name,
          timestamp,
          key: Buffer.from(key),
          value: value && Buffer.from(value),
          headers,
        }),
      deadLetter: () => {},
    },
  })
  return { task, results, logged }
}

function feed(task: StreamTask, from: number, to: number): void {
  const builder = new RecordBatchBuilder()
  for (const [key, page, timestamp] of visited.slice(from, to))
    builder.append(timestamp, Buffer.from(key), Buffer.from(page))
  const batches = [new RecordBatchView(builder.build({ baseOffset: from }))]
  task.addBatches({ topic: 'clicks', partition: 0, batches, firstOffset: from, nextOffset: to, endOffset: to })
  task.process({ budgetMs: 1_000 })
}

function commit(task: StreamTask): string {
  task.flush()
  const metadata = task.consumedOffsets()[0]!.metadata
  task.commitStores(new Map())
  return metadata
}

function undisturbed(build: (app: Topology) => void, cacheMaxBytes: number) {
  const { task, results, logged } = start(build, { cacheMaxBytes })
  for (let at = 0; at < visited.length; at += 3) {
    feed(task, at, Math.min(at + 3, visited.length))
    commit(task)
  }
  return { results, logged }
}

for (const [name, build] of Object.entries(programs)) {
  for (const cacheMaxBytes of [0, 1_000_000]) {
    const kind = `${name}, cache of ${cacheMaxBytes} bytes`
    const expected = undisturbed(build, cacheMaxBytes)

    test(`every window has one result: ${kind}`, () => {
      const keys = expected.results.map(([key]) => key)
      assert.equal(new Set(keys).size, keys.length)
      assert.ok(keys.length >= 5, keys.join())
    })

    test(`an aborted transaction changes nothing: ${kind}`, () => {
      const { task, results } = start(build, { cacheMaxBytes })
      for (let at = 0; at < visited.length; at += 3) {
        const to = Math.min(at + 3, visited.length)
        const before = results.length
        feed(task, at, to)
        if (at % 2 === 0) task.flush()
        task.discard()
        results.length = before
        feed(task, at, to)
        commit(task)
      }
      assert.deepEqual(results, expected.results)
    })

    test(`a restart after any commit changes nothing: ${kind}`, () => {
      const stores = memoryStores()
      const results: [string, string | null, number][] = []
      let metadata: string | undefined
      for (let at = 0; at < visited.length; at += 3) {
        const run = start(build, { stores, cacheMaxBytes })
        if (metadata !== undefined) run.task.restoreTime({ topic: 'clicks', partition: 0, metadata })
        feed(run.task, at, Math.min(at + 3, visited.length))
        metadata = commit(run.task)
        results.push(...run.results)
        run.task.close()
      }
      assert.deepEqual(results, expected.results)
    })

    test(`state comes back from the changelogs alone: ${kind}`, () => {
      const first = start(build, { cacheMaxBytes })
      feed(first.task, 0, 6)
      const metadata = commit(first.task)
      const second = start(build, { cacheMaxBytes })
      for (const { store: name, topic: changelog } of second.task.changelogs()) {
        const builder = new RecordBatchBuilder()
        const records = first.logged.filter((record) => record.topic === changelog)
        assert.ok(records.length > 0)
        for (const { timestamp, key, value, headers } of records) builder.append(timestamp, key, value, headers)
        const batches = [new RecordBatchView(builder.build({ baseOffset: 0 }))]
        const count = second.task.restore(name, batches, { firstOffset: 0, nextOffset: records.length })
        assert.equal(count, records.length)
      }
      second.task.restoreTime({ topic: 'clicks', partition: 0, metadata })
      for (let at = 6; at < visited.length; at += 3) {
        feed(second.task, at, Math.min(at + 3, visited.length))
        commit(second.task)
      }
      assert.deepEqual([...first.results, ...second.results], expected.results)
    })
  }
}
