import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { RecordQueue } from './record-queue.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function batchAt(offset: number, records: number): RecordBatchView {
  const builder = new RecordBatchBuilder()
  for (let i = 0; i < records; i++) builder.append(1_000, null, Buffer.from([i]))
  return new RecordBatchView(builder.build({ baseOffset: offset }))
}

function add(queue: RecordQueue, offset: number): void {
  const input = { topic: 'order', partition: 0, firstOffset: offset, nextOffset: offset + 2, endOffset: 1_000 }
  queue.add({ ...input, batches: [batchAt(offset, 2)] })
}

test('records come in order, batch after batch', () => {
  const queue = new RecordQueue('order', 0)
  const seen: number[] = []
  for (let offset = 0; offset < 100; offset += 2) add(queue, offset)
  for (; queue.head; queue.pop()) seen.push(queue.head.offset)
  assert.deepEqual(
    seen,
    Array.from({ length: 100 }, (_, offset) => offset),
  )
  assert.equal(queue.buffered, 0)
  assert.equal(queue.bufferedBytes, 0)
})

test('a batch is let go when its last record is done, though the queue never runs empty', async () => {
  const queue = new RecordQueue('order', 0)
  const batches: WeakRef<Buffer>[] = []
  for (let offset = 0; offset < 100; offset += 2) {
    const batch = batchAt(offset, 2)
    batches.push(new WeakRef(batch.buffer))
    queue.add({
      topic: 'order',
      partition: 0,
      batches: [batch],
      firstOffset: offset,
      nextOffset: offset + 2,
      endOffset: 100,
    })
    if (offset < 20) continue
    queue.pop()
    queue.pop()
  }
  // What a weak reference was asked for lives until the end of the turn.
  await new Promise(setImmediate)
  collectGarbage()
  const held = batches.filter((batch) => batch.deref() !== undefined).length
  assert.ok(held <= 12, `${held} of 50 batches are held, 10 are waiting`)
})
