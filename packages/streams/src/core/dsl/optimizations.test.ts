import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { type Topology, type TopologyOptions, topology } from '../../index.ts'
import { testDriver } from '../../testing.ts'
import { failLoudly } from '../handlers.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { RecordCache } from '../stores/record-cache.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig } from '../task.ts'
import { runnable } from './topology.ts'

const rows = topic('rows', { key: serdes.string, value: serdes.string })
const words = topic('words', { key: serdes.string, value: serdes.string })
const out = topic('out', { key: serdes.string, value: serdes.string })

function joining(options: TopologyOptions): Topology {
  const app = topology('joining', options)
  app
    .stream(words)
    .join(app.table(rows, { store: 'rows' }), (word, row) => `${word} ${row}`)
    .to(out)
  return app
}

const reuse = { optimize: ['reuse.ktable.source.topics'] } as const

test('a table of a topic keeps no changelog where the topic is reused', () => {
  const changelogs = (options: TopologyOptions): unknown[] => {
    return runnable(joining(options))
      .plan()
      .internalTopics.map(({ name }) => name)
  }
  assert.deepEqual(changelogs({}), ['joining-rows-changelog'])
  assert.deepEqual(changelogs({ optimize: false }), ['joining-rows-changelog'])
  assert.deepEqual(changelogs(reuse), [])
  assert.deepEqual(changelogs({ optimize: true }), [])
  using driver = testDriver(joining(reuse))
  driver.input(rows).pipe('k', 'row')
  driver.input(words).pipe('k', 'word')
  assert.deepEqual(driver.output(out).readAll(), [['k', 'word row']])
  assert.deepEqual(driver.producedTopics(), [])
})

test('the store is restored from the topic, and stands where the topic was consumed', () => {
  const stores = memoryStores()
  const open = () =>
    createStreamTask({
      plan: runnable(joining(reuse)).plan(),
      taskId: { subtopology: 0, partition: 0 },
      stores,
      clock: new VirtualClock(0),
      cache: new RecordCache({ maxBytes: 0 }),
      partitionsOf: () => 1,
      config: { ...defaultTaskConfig, handlers: failLoudly },
      output: { produce: () => {}, changelog: () => assert.fail('no changelog'), deadLetter: () => {} },
    })
  const task = open()
  const common = { store: 'rows', topic: 'rows', partition: 0, isSource: true }
  assert.deepEqual(task.changelogs(), [{ ...common, checkpoint: undefined }])
  const builder = new RecordBatchBuilder()
  builder.append(1, Buffer.from('a'), Buffer.from('one'))
  builder.append(2, Buffer.from('b'), Buffer.from('two'))
  const batches = [new RecordBatchView(builder.build({ baseOffset: 5 }))]
  task.restore('rows', batches, { firstOffset: 5, nextOffset: 7 })
  assert.equal(open().changelogs()[0]?.checkpoint, 7)
  const more = new RecordBatchBuilder()
  more.append(3, Buffer.from('a'), null)
  const next = [new RecordBatchView(more.build({ baseOffset: 7 }))]
  task.addBatches({ topic: 'rows', partition: 0, batches: next, firstOffset: 7, nextOffset: 8, endOffset: 8 })
  const none = { batches: [], firstOffset: 0, nextOffset: 0, endOffset: 0 }
  task.addBatches({ topic: 'words', partition: 0, ...none })
  assert.equal(task.process({ budgetMs: 1_000 }), 1)
  task.flush()
  task.consumedOffsets()
  task.commitStores(new Map())
  assert.deepEqual(open().changelogs(), [{ ...common, checkpoint: 8 }])
  const view = task.query('rows', 'committed')
  assert.ok(view.kind === 'keyValue')
  assert.deepEqual(
    [...view.all()].map(({ key }) => key),
    ['b'],
  )
})

test('of two tables of one topic one reuses it, and a table without changelog none', () => {
  const app = topology('twice', reuse)
  app.table(rows, { store: 'unlogged', changelog: false })
  app.table(rows, { store: 'one' })
  app.table(rows, { store: 'two' })
  const { stores } = runnable(app).plan()
  const kept = [...stores.values()].map(({ restoresFrom, changelogTopic }) => restoresFrom ?? changelogTopic)
  assert.deepEqual(kept, [undefined, 'rows', 'twice-two-changelog'])
})

test('an optimisation that there is not is refused', () => {
  assert.throws(() => topology('x', { optimize: ['faster' as never] }), { code: 'STREAMS_TOPOLOGY_INVALID' })
})

const merging = { optimize: ['merge.repartition.topics'] } as const

function repartitionTopics(app: Topology): string[] {
  const { internalTopics } = runnable(app).plan()
  return internalTopics.filter(({ kind }) => kind === 'repartition').map(({ name }) => name)
}

test('branches behind a change of keys share a repartition topic, which stands in front of them', () => {
  const app = topology('branches', merging)
  const { long, rest } = app
    .stream(words)
    .selectKey((word) => word)
    .split({ long: (word) => word.length > 3, rest: 'otherwise' })
  long.groupByKey({ name: 'one' }).count({ store: 'long' })
  rest.groupByKey({ name: 'two' }).count({ store: 'short' })
  assert.deepEqual(repartitionTopics(app), ['branches-one-repartition'])
  using driver = testDriver(app)
  driver.input(words).pipe('k', 'elephant')
  driver.input(words).pipe('k', 'ant')
  assert.equal(driver.store('long').get('elephant')?.value, 1)
  assert.equal(driver.store('short').get('ant')?.value, 1)
})

test('a merge of merges has one repartition topic', () => {
  const app = topology('merges', merging)
  const keyed = (name: string) =>
    app.stream(topic(name, { key: serdes.string, value: serdes.string })).selectKey((word) => word)
  keyed('a').merge(keyed('b')).merge(keyed('c')).groupByKey({ name: 'all' }).count({ store: 'counts' })
  assert.deepEqual(repartitionTopics(app), ['merges-all-repartition'])
  using driver = testDriver(app)
  for (const name of ['a', 'b', 'c']) {
    driver.input(topic(name, { key: serdes.string, value: serdes.string })).pipe('k', 'word')
  }
  assert.equal(driver.store('counts').get('word')?.value, 3)
})

test('a plan made twice is the same', () => {
  const app = topology('twice-planned', merging)
  const keyed = app.stream(words).selectKey((word) => word)
  keyed.groupByKey().count()
  keyed.groupByKey().count()
  assert.equal(app.describe(), app.describe())
})
