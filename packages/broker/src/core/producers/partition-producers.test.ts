import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlBatch, ErrorCode, RecordBatchBuilder, RecordBatchView } from '@millrace/protocol'
import { partitionProducers } from './partition-producers.ts'
import { addToSequence, maxSequence } from './sequences.ts'
import type { ProducerState, SequenceCheck } from './types.ts'

interface Fields {
  readonly producerId?: number
  readonly epoch?: number
  readonly transactional?: boolean
  readonly count?: number
}

/** A partition's log as producer state sees it. */
class Log {
  state: ProducerState = partitionProducers.create()
  endOffset = 0

  batch(baseSequence: number, fields: Fields = {}): RecordBatchView {
    const { producerId = 7, epoch = 0, transactional = false, count = 1 } = fields
    const builder = new RecordBatchBuilder()
    for (let index = 0; index < count; index++) builder.append(1000, null, Buffer.from('x'))
    const baseOffset = this.endOffset
    return new RecordBatchView(
      builder.build({ producerId, producerEpoch: epoch, baseSequence, transactional, baseOffset }),
    )
  }

  /** Appends if it is allowed, as a partition does. */
  produce(baseSequence: number, fields: Fields = {}): SequenceCheck {
    const batch = this.batch(baseSequence, fields)
    const check = this.state.check(batch, 'client')
    if (check.kind === 'ok') this.#append(batch)
    return check
  }

  end(type: 'commit' | 'abort', fields: Fields = {}): SequenceCheck {
    const { producerId = 7, epoch: producerEpoch = 0 } = fields
    const baseOffset = this.endOffset
    const batch = new RecordBatchView(
      controlBatch({ type, coordinatorEpoch: 3, producerId, producerEpoch, timestamp: 1000, baseOffset }),
    )
    const check = this.state.check(batch, 'coordinator')
    if (check.kind === 'ok') this.#append(batch)
    return check
  }

  #append(batch: RecordBatchView): void {
    this.state.append(batch, 5000)
    this.endOffset = batch.lastOffset + 1
  }
}

function codeOf(check: SequenceCheck): number | string {
  return check.kind === 'error' ? check.code : check.kind
}

test('the last five batches are known again, the one before them is out of order', () => {
  const log = new Log()
  for (let sequence = 0; sequence < 6; sequence++) assert.equal(codeOf(log.produce(sequence)), 'ok')
  for (let sequence = 1; sequence < 6; sequence++) {
    const check = log.produce(sequence)
    assert.equal(check.kind, 'duplicate')
    assert.equal(check.kind === 'duplicate' && check.baseOffset, sequence)
  }
  assert.equal(codeOf(log.produce(0)), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
})

test('a gap in the sequence is refused, also by a batch that only overlaps a known one', () => {
  const log = new Log()
  assert.equal(codeOf(log.produce(0, { count: 3 })), 'ok')
  assert.equal(codeOf(log.produce(4)), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(codeOf(log.produce(1, { count: 2 })), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(codeOf(log.produce(3)), 'ok')
})

test('sequences start over after the greatest', () => {
  assert.equal(addToSequence(maxSequence, 1), 0)
  assert.equal(addToSequence(maxSequence - 1, 3), 1)
  const log = new Log()
  assert.equal(codeOf(log.produce(maxSequence - 1, { count: 3 })), 'ok')
  assert.equal(log.state.producer(7)!.lastSequence, 0)
  assert.equal(codeOf(log.produce(1)), 'ok')
  const again = log.produce(maxSequence - 1, { count: 3 })
  assert.equal(again.kind, 'duplicate')
})

test('an older epoch is refused, a newer one begins at sequence 0', () => {
  const log = new Log()
  log.produce(0, { epoch: 1 })
  assert.equal(codeOf(log.produce(1, { epoch: 0 })), ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(codeOf(log.produce(1, { epoch: 2 })), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  assert.equal(codeOf(log.produce(0, { epoch: 2 })), 'ok')
  assert.equal(codeOf(log.end('abort', { epoch: 1 })), ErrorCode.INVALID_PRODUCER_EPOCH)
})

test('a producer nobody remembers goes on where it was', () => {
  const log = new Log()
  log.produce(0)
  log.state.expire(5000 + 86_400_000, 86_400_000)
  assert.equal(log.state.producerCount, 0)
  assert.equal(codeOf(log.produce(41)), 'ok')
})

test('a producer with an open transaction does not expire', () => {
  const log = new Log()
  log.produce(0, { transactional: true })
  log.state.expire(Number.MAX_SAFE_INTEGER, 1)
  assert.equal(log.state.firstUnstableOffset, 0)
  assert.equal(log.state.producerCount, 1)
})

test('clients may not end transactions, nor write plain batches within one', () => {
  const log = new Log()
  log.produce(0, { transactional: true })
  assert.equal(codeOf(log.produce(1)), ErrorCode.INVALID_TXN_STATE)
  const marker = controlBatch({ type: 'commit', coordinatorEpoch: 0, producerId: 7, producerEpoch: 0, timestamp: 0 })
  assert.equal(codeOf(log.state.check(new RecordBatchView(marker), 'client')), ErrorCode.INVALID_RECORD)
})

test('the first unstable offset is that of the oldest open transaction', () => {
  const log = new Log()
  log.produce(0, { producerId: 1, transactional: true })
  log.produce(0, { producerId: 2, transactional: true })
  log.produce(1, { producerId: 1, transactional: true })
  assert.equal(log.state.firstUnstableOffset, 0)
  log.end('commit', { producerId: 1 })
  log.state.advance(4)
  assert.equal(log.state.firstUnstableOffset, 1)
  log.end('abort', { producerId: 2 })
  log.state.advance(5)
  assert.equal(log.state.firstUnstableOffset, undefined)
})

test('a transaction is unstable until the high watermark has passed its marker', () => {
  const log = new Log()
  log.produce(0, { producerId: 1, transactional: true })
  log.produce(0, { producerId: 2, transactional: true })
  log.end('commit', { producerId: 2 })
  log.end('commit', { producerId: 1 })
  for (const highWatermark of [0, 2, 3]) {
    log.state.advance(highWatermark)
    assert.equal(log.state.firstUnstableOffset, 0)
  }
  log.state.advance(4)
  assert.equal(log.state.firstUnstableOffset, undefined)
})

test('aborted transactions are found by the offsets they cover', () => {
  const log = new Log()
  for (const producerId of [1, 2, 3]) {
    log.produce(0, { producerId, transactional: true })
    log.end(producerId === 2 ? 'commit' : 'abort', { producerId })
  }
  // Offsets: 0 data and 1 abort of producer 1; 2 and 3, committed, of 2; 4 and 5, aborted, of 3.
  const { state } = log
  assert.deepEqual(state.abortedTransactions(0, 6), [
    { producerId: 1, firstOffset: 0 },
    { producerId: 3, firstOffset: 4 },
  ])
  assert.deepEqual(state.abortedTransactions(2, 4), [])
  assert.deepEqual(state.abortedTransactions(1, 2), [{ producerId: 1, firstOffset: 0 }])
  assert.deepEqual(state.abortedTransactions(5, 6), [{ producerId: 3, firstOffset: 4 }])
  state.deleteBefore(2)
  assert.deepEqual(state.abortedTransactions(0, 6), [{ producerId: 3, firstOffset: 4 }])
})

test('an aborted transaction that spans others is found behind them', () => {
  const log = new Log()
  log.produce(0, { producerId: 1, transactional: true })
  for (let round = 0; round < 4; round++) {
    log.produce(round, { producerId: 2, transactional: true })
    log.end('abort', { producerId: 2 })
  }
  log.end('abort', { producerId: 1 })
  assert.deepEqual(
    log.state.abortedTransactions(0, 2).sort((a, b) => a.producerId - b.producerId),
    [
      { producerId: 1, firstOffset: 0 },
      { producerId: 2, firstOffset: 1 },
    ],
  )
})

test('a marker with the next epoch refuses what the old one still has in flight', () => {
  const log = new Log()
  log.produce(0, { transactional: true })
  assert.equal(codeOf(log.end('commit', { epoch: 1 })), 'ok')
  assert.equal(codeOf(log.produce(1, { transactional: true })), ErrorCode.INVALID_PRODUCER_EPOCH)
  assert.equal(codeOf(log.produce(0, { epoch: 1, transactional: true })), 'ok')
  assert.equal(log.state.producer(7)!.coordinatorEpoch, 3)
})

test('a snapshot says the same as the log it was taken from', () => {
  const log = new Log()
  log.produce(0, { producerId: 1, count: 2 })
  log.produce(0, { producerId: 2, transactional: true })
  log.end('abort', { producerId: 2 })
  log.produce(0, { producerId: 3, epoch: 4, transactional: true })
  log.state.advance(5)
  const before = log.state
  log.state = partitionProducers.restore(before.snapshot())
  assert.deepEqual([...log.state.producers()], [...before.producers()])
  assert.deepEqual(log.state.abortedTransactions(0, 10), before.abortedTransactions(0, 10))
  assert.equal(log.state.firstUnstableOffset, before.firstUnstableOffset)
  assert.equal(log.produce(0, { producerId: 1, count: 2 }).kind, 'duplicate')
  assert.equal(codeOf(log.produce(1, { producerId: 3, epoch: 4, transactional: true })), 'ok')
})

test('a damaged snapshot and one of a newer version are refused', () => {
  const log = new Log()
  log.produce(0)
  const snapshot = log.state.snapshot()
  const flipped = Buffer.from(snapshot)
  flipped[snapshot.length - 1]! ^= 1
  assert.throws(() => partitionProducers.restore(flipped), /damaged/)
  const newer = Buffer.from(snapshot)
  newer.writeInt16BE(99, 0)
  assert.throws(() => partitionProducers.restore(newer), /version 99/)
  assert.throws(() => partitionProducers.restore(Buffer.alloc(3)), /too short/)
})
