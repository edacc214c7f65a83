import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serdes, topic } from '@millrace/contracts'
import { type KeptAs, keyValueStore, type Topology, topology, tumbling } from '../../index.ts'
import { testDriver } from '../../testing.ts'
import { memoryStores } from '../stores/memory-store.ts'
import { runnable } from './topology.ts'

const words = topic('words', { key: serdes.string, value: serdes.string })
const others = topic('others', { key: serdes.string, value: serdes.string })

/** Every kind of step that keeps a store. */
function stateful(kept: KeptAs): Topology {
  const app = topology('kept')
  const grouped = app.stream(words).groupByKey()
  grouped.count({ store: 'count', ...kept })
  grouped.window(tumbling({ sizeMs: 10 })).count({ store: 'windows', ...kept })
  const table = app.table(others, { store: 'table', ...kept })
  table.mapValues((value) => value, { store: 'mapped', ...kept })
  table.groupBy((value, key) => [value, key], { name: 'by-value' }).count({ store: 'regrouped', ...kept })
  app.stream(words).toTable({ store: 'to-table', ...kept })
  app.stream(words).process(() => ({ process() {} }), { stores: [keyValueStore({ name: 'own', ...kept })] })
  return app
}

test('a store is logged, on disk and cached, unless the step says otherwise', () => {
  const { stores, internalTopics } = runnable(stateful({})).plan()
  for (const { name, cached, changelogTopic, storage } of stores.values()) {
    assert.deepEqual([cached, changelogTopic, storage], [name !== 'own', `kept-${name}-changelog`, undefined])
  }
  assert.equal(internalTopics.filter(({ kind }) => kind === 'changelog').length, 7)
})

test('settings of changelogs go over those that follow from the kind', () => {
  const changelog = { 'min.insync.replicas': '2', 'segment.bytes': '1048576' }
  const { internalTopics } = runnable(stateful({ changelog })).plan()
  const changelogs = internalTopics.filter(({ kind }) => kind === 'changelog')
  for (const { config } of changelogs) {
    assert.equal(config['min.insync.replicas'], '2')
    assert.match(config['cleanup.policy']!, /compact/)
  }
})

test('a store without changelog has no topic, and works', () => {
  const app = stateful({ changelog: false, cache: false })
  assert.ok(
    runnable(app)
      .plan()
      .internalTopics.every(({ kind }) => kind === 'repartition'),
  )
  using driver = testDriver(app)
  driver.input(words).pipe('k', 'v')
  driver.input(words).pipe('k', 'v')
  assert.equal(driver.store('count').get('k')?.value, 2)
  assert.ok(driver.producedTopics().every((name) => !name.endsWith('-changelog')))
})

test('stores in memory and of a supplier are not asked of the disk', () => {
  const asked: string[] = []
  const memory = memoryStores()
  const stores = {
    open(options: Parameters<typeof memory.open>[0]) {
      asked.push(options.store)
      return memory.open(options)
    },
  }
  testDriver(stateful({ storage: 'memory' }), { stores }).close()
  assert.deepEqual(asked, [])
  const supplied: string[] = []
  const storage: KeptAs['storage'] = (options) => {
    supplied.push(`${options.store} ${options.kind} ${options.taskId.subtopology}`)
    return memory.open(options)
  }
  testDriver(stateful({ storage }), { stores }).close()
  assert.deepEqual(asked, [])
  assert.ok(supplied.includes('windows window 0'))
  assert.equal(supplied.length, 7)
})
