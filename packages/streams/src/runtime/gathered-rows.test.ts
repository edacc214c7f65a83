import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { batchesIn, RecordBatchBuilder, type RecordBatchView } from '@millrace/protocol'
import type { ByteStore } from '../core/stores/byte-store.ts'
import { restoreInto } from '../core/stores/restore.ts'
import { LmdbByteStore } from './edge/lmdb/lmdb-byte-store.ts'
import { TaskEnvironment } from './edge/lmdb/task-environment.ts'
import { GatheredRows } from './gathered-rows.ts'
import { SlicedPace } from './sliced-pace.ts'

const random = seededRandom(3)
const below = (max: number): number => randomInt(random, max)

/** A fetch of a changelog of few keys: rows, deletions, keys that are empty or missing. */
function fetch(firstOffset: number, count: number): RecordBatchView[] {
  const builder = new RecordBatchBuilder({})
  for (let i = 0; i < count; i++) {
    const key = below(40) === 0 ? (below(2) === 0 ? null : Buffer.alloc(0)) : Buffer.from(`key ${below(500)}`)
    const value = below(6) === 0 ? null : Buffer.alloc(below(200), i)
    builder.append(1_000 + firstOffset + i, key, value)
  }
  const bytes = Buffer.from(builder.build())
  bytes.writeBigInt64BE(BigInt(firstOffset), 0)
  return [...batchesIn(bytes)]
}

function rows(store: ByteStore): string[] {
  return [...store.range({})].map(([key, value]) => `${Buffer.from(key)} = ${Buffer.from(value).toString('hex')}`)
}

test('a store comes to the same through rows that are gathered, which are nowhere until they are written', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-rows-'))
  const environment = TaskEnvironment.open(directory)
  const plain = new LmdbByteStore(environment, 'plain')
  const store = new LmdbByteStore(environment, 'gathered')
  const gathered = GatheredRows.of(store)!
  let turns = 0
  const yieldNow = (): Promise<void> => {
    turns++
    return new Promise((resolve) => setImmediate(resolve))
  }
  const pace = new SlicedPace({ clock: { now: () => performance.now() } as never, yieldNow, sliceMs: () => 0 })
  let written: readonly [rows: string[], checkpoint: number | undefined] = [[], undefined]
  for (let offset = 0, fetches = 0; fetches < 12; fetches++) {
    const count = 1 + below(400)
    const batches = fetch(offset, count)
    const before = offset + count - below(3)
    // The first records of a batch may have been restored already.
    const options = { firstOffset: offset + below(3), nextOffset: before, before }
    const progress = [plain, store].map((into) => {
      const through = into === store ? () => gathered : undefined
      const counted = { records: 0, latestStart: 0 }
      restoreInto(into, batches, { ...options, through }, 'keyValue', counted)
      return counted.records
    })
    assert.equal(progress[1], progress[0])
    offset += count
    assert.deepEqual([rows(store), store.checkpoint()], written)
    if (fetches % 4 !== 3) continue
    const turnsBefore = turns
    const settling = gathered.settle(pace)
    assert.deepEqual([rows(store), store.checkpoint()], written, 'what was there is read while it is written')
    await settling
    assert.ok(turns > turnsBefore)
    written = [rows(plain), plain.checkpoint()]
    assert.deepEqual([rows(store), store.checkpoint()], written)
    assert.ok(!gathered.isPending)
  }
  await environment.close()
  rmSync(directory, { recursive: true })
})
