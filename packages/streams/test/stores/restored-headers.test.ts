import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { runnable } from '../../src/core/dsl/topology.ts'
import { failLoudly } from '../../src/core/handlers.ts'
import { memoryStores } from '../../src/core/stores/memory-store.ts'
import { RecordCache } from '../../src/core/stores/record-cache.ts'
import { createStreamTask } from '../../src/core/stream-task.ts'
import { defaultTaskConfig, type StreamTask } from '../../src/core/task.ts'
import { keyValueStoreWithHeaders, type ReadOnlyKeyValueStore, type Topology, topology } from '../../src/index.ts'

const rows = topic('rows', { key: serdes.string, value: serdes.string })
const silent = { produce: () => {}, deadLetter: () => {}, changelog: () => {} }
const header = { key: 'trace', value: Buffer.from('1') }

function taskOf(app: Topology): StreamTask {
  return createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: memoryStores(),
    clock: new VirtualClock(0),
    cache: new RecordCache({ maxBytes: 0 }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: failLoudly, strict: true },
    output: silent,
  })
}

/** What the topic has: a row, one that cannot be decoded, and one that was deleted. */
function restored(app: Topology): StreamTask {
  const builder = new RecordBatchBuilder()
  builder.append(5, Buffer.from('a'), Buffer.from('tea'), [header])
  builder.append(6, Buffer.from('b'), Buffer.from('c328', 'hex'), [])
  builder.append(7, Buffer.from('c'), Buffer.from('salt'), [])
  builder.append(8, Buffer.from('c'), null, [header])
  const task = taskOf(app)
  task.restore('kept', [new RecordBatchView(builder.build({ baseOffset: 0 }))], { firstOffset: 0, nextOffset: 4 })
  return task
}

function rowsOf(task: StreamTask): unknown[] {
  return [...(task.query('kept', 'committed') as ReadOnlyKeyValueStore).all()]
}

test('a store with headers that a topic fills is restored with the headers of the topic', () => {
  const app = topology('restoring')
  const store = keyValueStoreWithHeaders<string, string>({ name: 'kept', key: serdes.string, value: serdes.string })
  const fill = () => ({ process() {} })
  app.readOnlyStore(rows, fill, { store })
  assert.deepEqual(rowsOf(restored(app)), [{ key: 'a', value: { value: 'tea', headers: [header] }, timestamp: 5 }])
})

test('a table in the format with headers that is restored from its topic has the headers of the topic', () => {
  const app = topology('restoring', { storeFormat: 'headers', optimize: true })
  app.table(rows, { store: 'kept' })
  assert.deepEqual(rowsOf(restored(app)), [{ key: 'a', value: 'tea', timestamp: 5, headers: [header] }])
})
