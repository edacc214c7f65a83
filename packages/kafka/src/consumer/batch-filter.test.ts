import assert from 'node:assert/strict'
import { test } from 'node:test'
import { controlBatch, RecordBatchBuilder } from '@millrace/protocol'
import { filterBatches } from './batch-filter.ts'

const check = { crc: true, topic: 't', partition: 0 }

function data(baseOffset: number, count: number, producerId?: number): Buffer {
  const builder = new RecordBatchBuilder()
  for (let index = 0; index < count; index++) builder.append(0, null, Buffer.from(`${baseOffset + index}`))
  const fields = producerId === undefined ? {} : { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }
  return builder.build({ baseOffset, ...fields })
}

function marker(baseOffset: number, producerId: number, type: 'commit' | 'abort'): Buffer {
  return controlBatch({ type, coordinatorEpoch: 0, producerId, producerEpoch: 0, timestamp: 0, baseOffset })
}

function kept(records: Buffer[], aborted?: { producerId: number; firstOffset: number }[]): number[] {
  return filterBatches(Buffer.concat(records), aborted, check).batches.map(({ baseOffset }) => baseOffset)
}

test('markers are taken out and counted in the next offset', () => {
  const records = [data(0, 2, 1), marker(2, 1, 'commit')]
  const { batches, nextOffset } = filterBatches(Buffer.concat(records), [], check)
  assert.deepEqual([batches.length, nextOffset], [1, 3])
})

test('batches of an aborted transaction are taken out up to its marker, others between them stay', () => {
  const records = [
    data(0, 2, 1),
    data(2, 1),
    data(3, 1, 2),
    data(4, 1, 1),
    marker(5, 1, 'abort'),
    data(6, 1, 1),
    marker(7, 2, 'commit'),
  ]
  assert.deepEqual(kept(records, [{ producerId: 1, firstOffset: 0 }]), [2, 3, 6])
})

test('a transaction that began before the fetched range is taken out too', () => {
  assert.deepEqual(
    kept([data(10, 2, 1), marker(12, 1, 'abort'), data(13, 1, 1)], [{ producerId: 1, firstOffset: 4 }]),
    [13],
  )
})

test('two aborted transactions of one producer, a committed one between them', () => {
  const records = [
    data(0, 1, 1),
    marker(1, 1, 'abort'),
    data(2, 1, 1),
    marker(3, 1, 'commit'),
    data(4, 1, 1),
    marker(5, 1, 'abort'),
  ]
  const aborted = [
    { producerId: 1, firstOffset: 4 },
    { producerId: 1, firstOffset: 0 },
  ]
  assert.deepEqual(kept(records, aborted), [2])
})

test('read_uncommitted keeps what was aborted', () => {
  assert.deepEqual(kept([data(0, 1, 1), marker(1, 1, 'abort')], undefined), [0])
})

test('a batch cut off at the end is left for the next fetch', () => {
  const records = Buffer.concat([data(0, 2), data(2, 2)])
  const { batches, nextOffset } = filterBatches(records.subarray(0, records.length - 3), [], check)
  assert.deepEqual([batches.length, nextOffset], [1, 2])
})

test('a damaged batch is an error that names its offset', () => {
  const records = Buffer.concat([data(0, 2), data(2, 2)])
  records[records.length - 1] = (records.at(-1) as number) ^ 1
  assert.throws(() => filterBatches(records, [], check), {
    code: 'KAFKA_CORRUPT_BATCH',
    fields: { topic: 't', partition: 0, offset: 2 },
  })
  assert.equal(filterBatches(records, [], { ...check, crc: false }).nextOffset, 4)
})
