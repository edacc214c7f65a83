import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { type Header, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { topology, untilTimeLimit } from '../../index.ts'
import { runnable } from '../dsl/topology.ts'
import { failLoudly } from '../handlers.ts'
import { createStreamTask } from '../stream-task.ts'
import { defaultTaskConfig } from '../task.ts'
import { memoryStores } from './memory-store.ts'
import { RecordCache } from './record-cache.ts'
import type { ReadOnlyKeyValueStore } from './views.ts'

const rows = topic('rows', { key: serdes.string, value: serdes.string })

function holdingTask() {
  const app = topology('holding')
  app
    .table(rows)
    .suppress(untilTimeLimit({ afterMs: 10, buffer: 'unbounded', name: 'hold' }))
    .to(rows)
  return createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores: memoryStores(),
    output: { produce() {}, changelog() {}, deadLetter() {} },
    cache: new RecordCache({ maxBytes: 0 }),
    config: { ...defaultTaskConfig, handlers: failLoudly },
    clock: new VirtualClock(0),
    partitionsOf: () => 1,
  })
}

const layouts: readonly (readonly [name: string, headers: readonly Header[]])[] = [
  ['no version', []],
  ['version 2', [{ key: 'v', value: Buffer.of(2) }]],
  ['a version to come', [{ key: 'v', value: Buffer.of(4) }]],
]

for (const [name, headers] of layouts) {
  test(`a changelog of held-back updates of another layout is refused: ${name}`, () => {
    const task = holdingTask()
    const builder = new RecordBatchBuilder()
    builder.append(0, Buffer.from('alice'), Buffer.from('an update that was held back'), headers)
    const batches = [new RecordBatchView(builder.build({ baseOffset: 7 }))]
    assert.throws(() => task.restore('hold-store', batches, { firstOffset: 7, nextOffset: 8 }), {
      code: 'STREAMS_CHANGELOG_FORMAT',
      retriable: false,
      fields: { store: 'hold-store' },
    })
    assert.deepEqual([...(task.query('hold-store', 'committed') as ReadOnlyKeyValueStore).all()], [])
    task.close()
  })
}
