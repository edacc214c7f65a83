import assert from 'node:assert/strict'
import test from 'node:test'
import { apis, ErrorCode } from '@millrace/protocol'
import { memoryStorage } from '../src/core/storage/memory-storage.ts'
import { type CoreClient, createTopic, testCore } from './support/core-client.ts'
import { batch, readAll } from './support/records.ts'
import { fetchNow, produce } from './support/requests.ts'

function list(client: CoreClient, timestamp: number, isolationLevel = 0): [number, number] {
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, timestamp }] }]
  const found = client.call(apis.ListOffsets, 11, { isolationLevel, topics }).topics[0]!.partitions[0]!
  assert.equal(found.errorCode, 0)
  return [found.offset, found.timestamp]
}

function deleteBefore(client: CoreClient, offset: number): [number, number] {
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, offset }] }]
  const found = client.call(apis.DeleteRecords, 2, { topics, timeoutMs: 1000 }).topics[0]!.partitions[0]!
  return [found.errorCode, found.lowWatermark]
}

const timed = (...times: number[]) => times.map((timestamp) => ({ value: `${timestamp}`, timestamp }))

for (const compression of ['none', 'gzip', 'zstd'] as const) {
  test(`the record with the greatest time is named exactly, also within a batch (${compression}, KIP-734)`, () => {
    const { client } = testCore()
    createTopic(client, 'order')
    assert.deepEqual(list(client, -3), [-1, -1])
    produce(client, 'order', batch(timed(1000, 3000, 2000), { compression }))
    produce(client, 'order', batch(timed(2500, 3000), { compression }))
    assert.deepEqual(list(client, -3), [1, 3000])
    assert.deepEqual(list(client, 2001), [1, 3000])
    assert.deepEqual(list(client, 3001), [-1, -1])
    // The record is deleted: the next one with the same time has it now.
    assert.deepEqual(deleteBefore(client, 2), [0, 2])
    assert.deepEqual(list(client, -3), [4, 3000])
    assert.deepEqual(list(client, 0), [2, 2000])
    assert.deepEqual(list(client, -2), [2, -1])
  })
}

test('times are looked up in many segments without reading them all', () => {
  const memory = memoryStorage()
  let bytesRead = 0
  const counting = {
    ...memory,
    open: (path: string) => {
      const file = memory.open(path)
      const readAt = (position: number, length: number): Buffer => {
        const bytes = file.readAt(position, length)
        bytesRead += bytes.length
        return bytes
      }
      return Object.create(file, { readAt: { value: readAt } }) as typeof file
    },
  }
  const { client } = testCore({ storage: counting, config: { 'log.segment.bytes': '2000000' } })
  createTopic(client, 'order')
  for (let index = 0; index < 2_000; index++) {
    produce(client, 'order', batch([{ value: 'x'.repeat(5_000), timestamp: 1_000_000 + index }]))
  }
  bytesRead = 0
  for (const index of [0, 1, 999, 1998, 1999])
    assert.deepEqual(list(client, 1_000_000 + index), [index, 1_000_000 + index])
  assert.deepEqual(list(client, -3), [1999, 1_001_999])
  assert.ok(bytesRead < 6 * 300_000, `${bytesRead} bytes were read of ten million`)
})

test('DeleteRecords moves the log start, -1 to the high watermark; before it fetches are out of range, for good', () => {
  const storage = memoryStorage()
  const { client } = testCore({ storage })
  createTopic(client, 'order')
  for (let index = 0; index < 10; index++) produce(client, 'order', batch([{ value: `v${index}` }]))
  assert.deepEqual(deleteBefore(client, 4), [0, 4])
  assert.deepEqual(deleteBefore(client, 2), [0, 4])
  assert.deepEqual(deleteBefore(client, 11), [ErrorCode.OFFSET_OUT_OF_RANGE, -1])
  assert.deepEqual(deleteBefore(client, -2), [ErrorCode.OFFSET_OUT_OF_RANGE, -1])
  assert.equal(fetchNow(client, 'order', 3).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(readAll(fetchNow(client, 'order', 4).records as Buffer, 4)[0]![1], 'v4')
  assert.deepEqual(deleteBefore(client, -1), [0, 10])
  assert.equal(fetchNow(client, 'order', 9).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  assert.equal(fetchNow(client, 'order', 10).errorCode, 0)
  // A process that dies knows it afterwards.
  const again = testCore({ storage })
  assert.deepEqual(
    [list(again.client, -2), list(again.client, -1)],
    [
      [10, -1],
      [10, -1],
    ],
  )
  assert.equal(produce(again.client, 'order', batch([{ value: 'next' }])).baseOffset, 10)
})

test('a log that cannot be read is a storage error for those who look up times, not the end of their connection', () => {
  const memory = memoryStorage()
  let broken = false
  const failing = {
    ...memory,
    open: (path: string) => {
      const file = memory.open(path)
      const readAt = (position: number, length: number): Buffer => {
        if (broken) throw new Error('EIO')
        return file.readAt(position, length)
      }
      return Object.create(file, { readAt: { value: readAt } }) as typeof file
    },
  }
  const { client } = testCore({ storage: failing })
  createTopic(client, 'order')
  produce(client, 'order', batch(timed(1000)))
  broken = true
  const topics = [{ name: 'order', partitions: [{ partitionIndex: 0, timestamp: 5 }] }]
  const { errorCode } = client.call(apis.ListOffsets, 11, { topics }).topics[0]!.partitions[0]!
  assert.equal(errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  broken = false
  assert.deepEqual(list(client, 5), [0, 1000])
})
