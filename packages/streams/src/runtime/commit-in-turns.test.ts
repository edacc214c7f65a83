// A commit that lets others have their turn ends as one that does not, and shows nothing of itself before.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { VirtualClock } from '@millrace/base/internal'
import { serdes, topic } from '@millrace/contracts'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { runnable } from '../core/dsl/topology.ts'
import { failLoudly } from '../core/handlers.ts'
import type { Pace } from '../core/pace.ts'
import { RecordCache } from '../core/stores/record-cache.ts'
import type { ReadOnlyStore } from '../core/stores/views.ts'
import { createStreamTask } from '../core/stream-task.ts'
import { defaultTaskConfig, type StreamTask } from '../core/task.ts'
import { sessionWindow, topology, tumbling } from '../index.ts'
import { LmdbStateStores } from './edge/lmdb/lmdb-state-stores.ts'
import { writeStoresInTurns } from './in-turns.ts'

const events = topic('events', { key: serdes.string, value: serdes.string })
const keys = 100
const names = ['count', 'per-minute', 'visits'] as const
const directories: string[] = []
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

function start() {
  const app = topology('turns')
  const byKey = app.stream(events).groupByKey()
  byKey.count({ store: 'count' }).to(topic('counts', { key: serdes.string, value: serdes.json<number>() }))
  byKey.window(tumbling({ sizeMs: 60_000, graceMs: 600_000 })).count({ store: 'per-minute' })
  byKey.window(sessionWindow({ gapMs: 1_000, graceMs: 600_000 })).count({ store: 'visits' })
  const directory = mkdtempSync(join(tmpdir(), 'millrace-commit-turns-'))
  directories.push(directory)
  const stores = new LmdbStateStores(directory)
  const written: string[] = []
  const note = (name: string, timestamp: number, key: Uint8Array | null, value: Uint8Array | null): void => {
    written.push([name, timestamp, key && Buffer.from(key).toString('hex'), value && Buffer.from(value)].join())
  }
  const task = createStreamTask({
    plan: runnable(app).plan(),
    taskId: { subtopology: 0, partition: 0 },
    stores,
    clock: new VirtualClock(0),
    cache: new RecordCache({ maxBytes: 10_000_000 }),
    partitionsOf: () => 1,
    config: { ...defaultTaskConfig, handlers: failLoudly },
    output: {
      produce: (name, _, timestamp, key, value) => note(name, timestamp, key, value),
      changelog: (name, _, timestamp, key, value) => note(name, timestamp, key, value),
      deadLetter: () => {},
    },
  })
  return { task, stores, written }
}

/** Each key once, and processes it. */
function feed(task: StreamTask, firstOffset: number): void {
  const builder = new RecordBatchBuilder()
  for (let i = 0; i < keys; i++) builder.append(firstOffset * 10 + i, Buffer.from(`key-${i}`), Buffer.from('e'))
  const batches = [new RecordBatchView(builder.build({ baseOffset: firstOffset }))]
  const nextOffset = firstOffset + keys
  task.addBatches({ topic: 'events', partition: 0, batches, firstOffset, nextOffset, endOffset: nextOffset })
  while (task.canProcess()) task.process({ budgetMs: 1_000 })
}

function rowsOf(view: ReadOnlyStore): unknown[] {
  return 'all' in view ? [...view.all()] : []
}

const committed = (task: StreamTask): unknown[][] => names.map((name) => rowsOf(task.query(name, 'committed')))
const uncommitted = (task: StreamTask): unknown[][] => names.map((name) => rowsOf(task.query(name, 'uncommitted')))
const nextOffsets = (offset: number): Map<string, number> => new Map(names.map((name) => [name, offset]))

test('in turns or at once, the same is written, committed and noted', async () => {
  const [inTurns, atOnce] = [start(), start()]
  let turns = 0
  let was: unknown[][] = [[], [], []]
  let now: unknown[][] = []
  const pace: Pace = {
    isOver: () => true,
    async turn() {
      turns++
      await new Promise(setImmediate)
      const seen = committed(inTurns.task)
      // One store after the other; none of them half.
      seen.forEach((rows, i) => void assert.ok(isEqual(rows, was[i]) || isEqual(rows, now[i]), names[i]))
      assert.deepEqual(uncommitted(inTurns.task), now)
    },
  }
  for (const round of [1, 2]) {
    for (const { task } of [inTurns, atOnce]) feed(task, (round - 1) * keys)
    now = uncommitted(inTurns.task)
    assert.deepEqual(now, uncommitted(atOnce.task))
    assert.equal(inTurns.task.flush(pace), false)
    while (!inTurns.task.flush(pace)) await pace.turn()
    assert.equal(atOnce.task.flush(), true)
    assert.deepEqual(inTurns.task.consumedOffsets(), atOnce.task.consumedOffsets())
    const before = turns
    await writeStoresInTurns(inTurns.task, nextOffsets(round * keys), pace)
    assert.ok(turns > before + names.length, `${turns - before} turns`)
    for (const { task } of [inTurns, atOnce]) task.commitStores(nextOffsets(round * keys))
    assert.deepEqual(committed(inTurns.task), now)
    assert.deepEqual(committed(atOnce.task), now)
    assert.deepEqual(inTurns.task.changelogs(), atOnce.task.changelogs())
    assert.equal(inTurns.task.uncommittedBytes, 0)
    assert.equal(inTurns.task.needsCommit, false)
    was = now
  }
  assert.deepEqual(inTurns.written, atOnce.written)
  for (const { task, stores } of [inTurns, atOnce]) {
    task.close()
    await stores.close()
  }
})

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
