import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { keyValueStore, type ProcessorContext, type Topology, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'
import { runnable } from '../dsl/topology.ts'
import { failLoudly } from '../handlers.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { RecordCache } from '../stores/record-cache.ts'
import type { ReadOnlyKeyValueStore } from '../stores/views.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig, type StreamTask } from '../task.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const counts = topic('counts', { key: serdes.string, value: serdes.json<number>() })

function start(app: Topology, clock = new VirtualClock(0)): { task: StreamTask; failures: unknown[] } {
  const failures: unknown[] = []
  const task = createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: memoryStores(),
    clock,
    cache: new RecordCache({ maxBytes: 0 }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: failLoudly },
    output: { produce: () => {}, changelog: () => {}, deadLetter: () => {} },
    onFailure: (error) => failures.push(error),
  })
  return { task, failures }
}

function feed(task: StreamTask, offset: number, timestamp: number): void {
  const builder = new RecordBatchBuilder()
  builder.append(timestamp, Buffer.from('k'), Buffer.from('v'))
  const batches = [new RecordBatchView(builder.build({ baseOffset: offset }))]
  const next = offset + 1
  task.addBatches({ topic: 'words', partition: 0, batches, firstOffset: offset, nextOffset: next, endOffset: next })
}

const all = { budgetMs: 1_000 }

test('a processor begins when its stores are restored, and finds there what it left', () => {
  const kept = keyValueStore<string, number>({ name: 'kept' })
  const found: unknown[] = []
  const app = topology('begins')
  app.stream(words).process(
    (context) => {
      found.push(context.store(kept).get('k'))
      return { process() {} }
    },
    { stores: [kept] },
  )
  const { task } = start(app)
  assert.deepEqual(found, [])
  const changelog = new RecordBatchBuilder()
  changelog.append(1, Buffer.from('k'), Buffer.from('42'))
  task.restore('kept', [new RecordBatchView(changelog.build({ baseOffset: 0 }))], { firstOffset: 0, nextOffset: 1 })
  assert.ok(task.canProcess(), 'there is something to do without a record')
  assert.equal(task.process(all), 0)
  assert.deepEqual(found, [42])
  assert.equal(task.canProcess(), false)
})

test('after an aborted transaction a processor is made anew, with what it kept in memory and its punctuations', () => {
  const seen: string[] = []
  const app = topology('anew')
  app
    .stream(words)
    .process((context: ProcessorContext<string, number>) => {
      let records = 0
      context.schedule({ everyMs: 10, by: 'wallClock' }, () => seen.push(`${records} records`))
      return { process: () => void records++, close: () => void seen.push('closed') }
    })
    .to(counts)
  const clock = new VirtualClock(0)
  const { task } = start(app, clock)
  feed(task, 0, 1)
  task.process(all)
  clock.advance(5)
  task.discard()
  feed(task, 0, 1)
  task.process(all)
  clock.advance(9)
  task.process(all)
  assert.deepEqual(seen, ['closed'])
  clock.advance(1)
  task.process(all)
  assert.deepEqual(seen, ['closed', '1 records'])
})

test('the task says when the clock will have something for it', () => {
  const app = topology('wakes')
  app.stream(words).process((context) => {
    context.schedule({ everyMs: 10, by: 'wallClock' }, () => {})
    return { process() {} }
  })
  const clock = new VirtualClock(100)
  const { task } = start(app, clock)
  task.process(all)
  assert.equal(task.nextWakeMs(), 110)
  assert.equal(task.canProcess(), false)
  clock.advance(10)
  assert.ok(task.canProcess())
  task.process(all)
  assert.equal(task.nextWakeMs(), 120)
})

test('what a punctuation writes has to be committed, and is in the store only then', () => {
  const kept = keyValueStore<string, number>({ name: 'kept' })
  const app = topology('commits')
  app.stream(words).process(
    (context) => {
      const store = context.store(kept)
      context.schedule({ everyMs: 10, by: 'wallClock' }, (timestamp) => store.put('k', timestamp))
      return { process() {} }
    },
    { stores: [kept] },
  )
  const clock = new VirtualClock(0)
  const { task } = start(app, clock)
  task.process(all)
  assert.equal(task.needsCommit, false)
  clock.advance(10)
  task.process(all)
  assert.ok(task.needsCommit)
  const committed = (): unknown => (task.query('kept', 'committed') as ReadOnlyKeyValueStore).get('k')?.value
  assert.equal(committed(), undefined)
  task.flush()
  task.consumedOffsets()
  task.commitStores(new Map([['kept', 1]]))
  assert.equal(committed(), 10)
  clock.advance(10)
  task.process(all)
  task.discard()
  assert.equal(committed(), 10)
})

test('a processor may ask for a commit', () => {
  const app = topology('asks')
  app.stream(words).process((context) => ({ process: () => context.commit() }))
  const { task } = start(app)
  feed(task, 0, 1)
  assert.equal(task.isCommitRequested, false)
  task.process(all)
  assert.ok(task.isCommitRequested)
  task.flush()
  task.consumedOffsets()
  task.commitStores(new Map())
  assert.equal(task.isCommitRequested, false)
})

test('stream time of a former life is called for without a new record', () => {
  const called: number[] = []
  const app = topology('former')
  app.stream(words).process((context) => {
    context.schedule({ everyMs: 10, by: 'streamTime' }, (timestamp) => called.push(timestamp))
    return { process() {} }
  })
  const first = start(app)
  feed(first.task, 0, 55)
  first.task.process(all)
  first.task.flush()
  const [offset] = first.task.consumedOffsets()
  const second = start(app)
  second.task.restoreTime(offset!)
  second.task.process(all)
  assert.deepEqual(called, [55, 55])
})

test('a processor that fails to close keeps neither others nor the stores from closing', () => {
  const closed: string[] = []
  const app = topology('stuck')
  const closing = (name: string, fails: boolean) => () => ({
    process() {},
    close() {
      closed.push(name)
      if (fails) throw new Error(`${name} will not close`)
    },
  })
  app.stream(words).process(closing('one', false))
  app.stream(counts).process(closing('two', true))
  assert.throws(() => testDriver(app).close(), /two will not close/)
  const { task, failures } = start(app)
  task.process(all)
  task.close()
  assert.equal(failures.length, 0, 'the other is of another sub-topology')
  assert.deepEqual(closed, ['one', 'two', 'one'])
})

test('a processor that cannot begin fails the task with its reason', () => {
  const app = topology('stillborn')
  app.stream(words).process(() => {
    throw new Error('no licence')
  })
  assert.throws(() => testDriver(app), { code: 'STREAMS_PROCESS_FAILED', message: /task 0_0 cannot begin: no licence/ })
})
