import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as layout from './layout.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { batchesIn, RecordBatchView } from './record-batch-view.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

function batchOf(values: readonly string[], baseOffset = 0): Buffer {
  const builder = new RecordBatchBuilder()
  for (const value of values) builder.append(1000, null, bytes(value))
  return builder.build({ baseOffset })
}

function valuesOf(batch: RecordBatchView): [offset: number, value: string | undefined][] {
  const values: [number, string | undefined][] = []
  for (const cursor = batch.cursor(); cursor.next(); ) values.push([cursor.offset, cursor.valueBytes()?.toString()])
  return values
}

test('batches stand one behind the other, and one that is cut off at the end is left out', () => {
  const buffer = Buffer.concat([batchOf(['a', 'b']), batchOf(['c'], 2)])
  const offsets = (length: number): number[] => [...batchesIn(buffer.subarray(0, length))].map((one) => one.nextOffset)
  assert.deepEqual(offsets(buffer.length), [2, 3])
  assert.deepEqual(offsets(buffer.length - 1), [2])
  assert.deepEqual(offsets(5), [])
})

test('a batch of magic 1, of negative length or shorter than its header is malformed', () => {
  const old = batchOf(['a'])
  old[layout.magicAt] = 1
  const negative = batchOf(['a'])
  negative.writeInt32BE(-5, layout.batchLengthAt)
  const short = batchOf(['a'])
  short.writeInt32BE(20, layout.batchLengthAt)
  for (const bad of [old, negative, short]) {
    assert.throws(() => [...batchesIn(bad)], { code: 'PROTOCOL_MALFORMED' })
  }
})

test('a flipped bit anywhere behind the checksum shows', () => {
  const buffer = batchOf(['value'])
  for (let at = layout.attributesAt; at < buffer.length; at++) {
    buffer[at] = buffer[at]! ^ 4
    assert.equal(new RecordBatchView(buffer).isCrcValid(), false)
    buffer[at] = buffer[at]! ^ 4
  }
  assert.equal(new RecordBatchView(buffer).isCrcValid(), true)
})

test('a count that does not fit the bytes is malformed, not an endless walk', () => {
  for (const count of [0, 1, 3, -1, 0x7fffffff]) {
    const buffer = batchOf(['a', 'b'])
    buffer.writeInt32BE(count, layout.recordCountAt)
    assert.throws(() => valuesOf(new RecordBatchView(buffer)), { code: 'PROTOCOL_MALFORMED' }, String(count))
  }
})

test('a record that claims more than its own length is malformed', () => {
  const original = batchOf(['abc'])
  // Length, attributes, timestamp delta, offset delta, key length, value length, value, header count.
  const valueLengthAt = layout.recordsAt + 5
  for (const [at, value] of [
    [layout.recordsAt, 100],
    [layout.recordsAt + 4, 20],
    [valueLengthAt, 8],
    [valueLengthAt, 3],
    [original.length - 1, 40],
  ] as const) {
    const damaged = Buffer.from(original)
    damaged[at] = value
    const walk = (): void => {
      for (const cursor = new RecordBatchView(damaged).cursor(); cursor.next(); ) cursor.headers()
    }
    assert.throws(walk, { code: 'PROTOCOL_MALFORMED' }, `${at}: ${value}`)
  }
})

test('times before the first, before the epoch and far from each other survive', () => {
  const times = [1_700_000_000_000, 0, -1, 2 ** 43, 1_700_000_000_000 - 2 ** 31, 1_700_000_000_000 + 2 ** 31]
  const builder = new RecordBatchBuilder()
  for (const time of times) builder.append(time, null, null)
  const view = new RecordBatchView(builder.build())
  const read = []
  for (const cursor = view.cursor(); cursor.next(); ) read.push(cursor.timestamp)
  assert.deepEqual(read, times)
  assert.equal(view.maxTimestamp, 2 ** 43)
  assert.equal(view.baseTimestamp, times[0])
})

test('gaps that compaction leaves stay where they are', () => {
  const builder = new RecordBatchBuilder()
  builder.appendAt(3, 1000, null, bytes('third'))
  builder.appendAt(70_000, 1000, null, bytes('far'))
  const view = new RecordBatchView(builder.build({ baseOffset: 10, lastOffsetDelta: 99_999 }))
  assert.deepEqual(valuesOf(view), [
    [13, 'third'],
    [70_010, 'far'],
  ])
  assert.equal(view.recordCount, 2)
  assert.equal(view.nextOffset, 100_010)
})

test('a batch may have lost all its records and still move the offset on', () => {
  const view = new RecordBatchView(new RecordBatchBuilder().build({ baseOffset: 10, lastOffsetDelta: 4 }))
  assert.deepEqual(valuesOf(view), [])
  assert.equal(view.nextOffset, 15)
})

test('a record is copied from batch to batch unread, headers included', () => {
  const source = new RecordBatchBuilder({ compression: 'zstd' })
  source.append(1000, bytes('k'), bytes('v'), [{ key: 'h', value: bytes('x') }])
  source.append(5000, null, null)
  const target = new RecordBatchBuilder()
  target.append(4000, bytes('first'), null)
  for (const cursor = new RecordBatchView(source.build()).cursor(); cursor.next(); ) target.appendFrom(cursor)
  const read = []
  for (const cursor = new RecordBatchView(target.build()).cursor(); cursor.next(); ) {
    read.push([cursor.offset, cursor.timestamp, cursor.keyBytes()?.toString(), cursor.headers()])
  }
  assert.deepEqual(read, [
    [0, 4000, 'first', []],
    [1, 1000, 'k', [{ key: 'h', value: bytes('x') }]],
    [2, 5000, undefined, []],
  ])
})

test('the size that append returns is the size of the batch', () => {
  const builder = new RecordBatchBuilder({ initialBytes: 10 })
  for (const size of [0, 1, 63, 64, 8191, 8192, 70_000]) {
    const reported = builder.append(1000 + size, bytes('k'), Buffer.alloc(size), [{ key: 'ü', value: null }])
    assert.equal(reported, builder.sizeInBytes)
    assert.equal(builder.build().length, reported)
  }
})

test('what was built stays as it is when the builder begins anew', () => {
  const builder = new RecordBatchBuilder()
  builder.append(1000, null, bytes('first'))
  const first = builder.build()
  builder.reset()
  assert.equal(builder.count, 0)
  builder.append(2000, null, bytes('second'))
  builder.build({ baseOffset: 1 })
  const view = new RecordBatchView(first)
  assert.equal(view.isCrcValid(), true)
  assert.deepEqual(valuesOf(view), [[0, 'first']])
})

test('a builder that is used again in its memory writes the same as a new one', () => {
  const builder = new RecordBatchBuilder()
  builder.append(5_000, bytes('key'), bytes('a value that is longer than what follows'))
  builder.build({ producerId: 3, transactional: true })
  const { capacity } = builder
  builder.reuse()
  builder.append(1_000, null, bytes('b'))
  assert.deepEqual(builder.build({ baseOffset: 4 }), batchOf(['b'], 4))
  assert.equal(builder.capacity, capacity)
})

test('a batch can be finished again with another epoch', () => {
  for (const compression of ['none', 'gzip'] as const) {
    const builder = new RecordBatchBuilder({ compression })
    builder.append(1000, null, bytes('v'))
    builder.build({ producerId: 4, producerEpoch: 1, baseSequence: 7 })
    const view = new RecordBatchView(builder.build({ producerId: 4, producerEpoch: 2, baseSequence: 0 }))
    assert.equal(view.isCrcValid(), true)
    assert.deepEqual([view.producerEpoch, view.baseSequence, valuesOf(view)], [2, 0, [[0, 'v']]])
  }
})

test('decompression is bounded by the limit the caller names', () => {
  const builder = new RecordBatchBuilder({ compression: 'gzip' })
  builder.append(1000, null, Buffer.alloc(100_000))
  const view = new RecordBatchView(builder.build())
  assert.throws(() => view.cursor({ maxDecompressedBytes: 50_000 }), { code: 'PROTOCOL_BATCH_TOO_LARGE' })
  assert.equal(view.cursor({ maxDecompressedBytes: 200_000 }).next(), true)
})

test('a stamped offset and epoch leave the checksum alone, a stamped time renews it', () => {
  const view = new RecordBatchView(batchOf(['a']))
  view.stamp({ baseOffset: 2 ** 40, leaderEpoch: 5 })
  assert.deepEqual([view.baseOffset, view.leaderEpoch, view.isCrcValid()], [2 ** 40, 5, true])
  view.stampAppendTime(77)
  const cursor = view.cursor()
  cursor.next()
  assert.deepEqual([view.timestampType, cursor.timestamp, view.isCrcValid()], ['logAppendTime', 77, true])
})
