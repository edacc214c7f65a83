import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { ProducerBatch } from './batch.ts'
import { addSequence, PartitionQueue } from './partition-queue.ts'

const identity = { producerId: 7, producerEpoch: 0 }

function batchOf(records: number): ProducerBatch {
  const builder = new RecordBatchBuilder()
  for (let index = 0; index < records; index++) builder.append(0, null, Buffer.from('v'))
  return new ProducerBatch(builder, { dueMs: 1_000, readyMs: 0, closed: true })
}

function queueOf(...batches: ProducerBatch[]): PartitionQueue {
  const queue = new PartitionQueue('t', 0)
  queue.waiting.push(...batches)
  return queue
}

/** Sends everything that may go now. */
function sendAll(queue: PartitionQueue, current = identity): ProducerBatch[] {
  const sent: ProducerBatch[] = []
  for (;;) {
    const head = queue.sendable(0, 5)
    if (head === undefined || !queue.stamp(head, current, false)) return sent
    queue.sent(head, 1)
    sent.push(head)
  }
}

test('sequences count records and wrap around within int32', () => {
  const batches = [batchOf(2), batchOf(3), batchOf(1)]
  sendAll(queueOf(...batches))
  assert.deepEqual(
    batches.map(({ baseSequence }) => baseSequence),
    [0, 2, 5],
  )
  assert.equal(addSequence(0x7fffffff, 1), 0)
  assert.equal(addSequence(0x7ffffffe, 3), 1)
})

test('no more than the limit is in flight', () => {
  const queue = queueOf(...Array.from({ length: 7 }, () => batchOf(1)))
  assert.equal(sendAll(queue).length, 5)
})

test('a batch that comes back stands before everything younger and travels alone', () => {
  const [a, b, c, d] = [batchOf(1), batchOf(1), batchOf(1), batchOf(1)]
  const queue = queueOf(a, b, c)
  sendAll(queue)
  queue.waiting.push(d)
  for (const batch of [b, a, c]) {
    queue.answered(batch)
    queue.requeue(batch, 0)
  }
  assert.deepEqual(queue.waiting, [a, b, c, d])
  assert.deepEqual(sendAll(queue), [a])
  assert.equal(a.baseSequence, 0, 'its sequence stays')
  queue.answered(a)
  assert.deepEqual(sendAll(queue), [b])
})

test('a repeated batch waits for its moment', () => {
  const batch = batchOf(1)
  const queue = queueOf(batch)
  sendAll(queue)
  queue.answered(batch)
  queue.requeue(batch, 100)
  assert.equal(queue.sendable(99, 5), undefined)
  assert.equal(queue.sendable(100, 5), batch)
})

test('a new epoch begins with sequence 0, and not before everything older is answered', () => {
  const [a, b] = [batchOf(2), batchOf(2)]
  const queue = queueOf(a)
  sendAll(queue)
  queue.waiting.push(b)
  const next = { producerId: 7, producerEpoch: 1 }
  assert.deepEqual(sendAll(queue, next), [])
  queue.answered(a)
  assert.deepEqual(sendAll(queue, next), [b])
  assert.equal(b.baseSequence, 0)
  const view = new RecordBatchView(b.bytes as Buffer)
  assert.deepEqual([view.producerId, view.producerEpoch, view.baseSequence], [7, 1, 0])
})

test('what waits in a broken queue is stamped again', () => {
  const [a, b] = [batchOf(1), batchOf(1)]
  const queue = queueOf(a, b)
  sendAll(queue)
  for (const batch of [a, b]) {
    queue.answered(batch)
    queue.requeue(batch, 0)
  }
  queue.broken = true
  assert.deepEqual(sendAll(queue), [])
  queue.restamp()
  assert.deepEqual(sendAll(queue, { producerId: 7, producerEpoch: 1 }), [a, b])
  assert.deepEqual([a.baseSequence, b.baseSequence], [0, 1])
})

test('a gap is explained by an older batch, not by a younger one', () => {
  const [a, b] = [batchOf(1), batchOf(1)]
  const queue = queueOf(a, b)
  sendAll(queue)
  assert.equal(queue.hasOlderThan(b), true)
  assert.equal(queue.hasOlderThan(a), false)
})

test('after a change of leader the old one answers first', () => {
  const queue = queueOf(batchOf(1))
  const [sent] = sendAll(queue)
  assert.equal(queue.mayGoTo(1), true)
  assert.equal(queue.mayGoTo(2), false)
  queue.answered(sent as ProducerBatch)
  assert.equal(queue.mayGoTo(2), true)
})
