import assert from 'node:assert/strict'
import test from 'node:test'
import { randomInt, seededRandom } from '@millrace/base'
import { KeyOffsets } from './key-offsets.ts'

test('each key has the offset it was given last, whatever the keys look like', () => {
  const random = seededRandom(1)
  const found = new KeyOffsets(64 * 1024 * 1024, 50_000)
  const expected = new Map<string, number>()
  for (let offset = 0; offset < 50_000; offset++) {
    const length = randomInt(random, 40)
    const key = Buffer.from(Uint8Array.from({ length }, () => randomInt(random, length < 3 ? 256 : 3)))
    found.set(key, offset)
    expected.set(key.toString('latin1'), offset)
  }
  assert.equal(found.count, expected.size)
  for (const [key, offset] of expected) assert.equal(found.get(Buffer.from(key, 'latin1')), offset)
  assert.equal(found.get(Buffer.from('unknown, and long enough')), undefined)
})

test('keys that share all but a few bits do not fill the table in heaps', () => {
  const found = new KeyOffsets(64 * 1024 * 1024, 200_000)
  const started = process.hrtime.bigint()
  const key = Buffer.alloc(64)
  for (let offset = 0; offset < 200_000; offset++) {
    key.writeUInt32BE(offset * 256, 30)
    found.set(key, offset)
  }
  assert.equal(found.count, 200_000)
  const elapsedMs = Number(process.hrtime.bigint() - started) / 1e6
  assert.ok(elapsedMs < 5_000, `${elapsedMs} ms`)
})

test('it is full before it takes more bytes than it may, and one key always has a place', () => {
  const small = new KeyOffsets(10_000, 1_000_000)
  let count = 0
  while (!small.isFull) small.set(Buffer.from(`key-${count}`), count++)
  assert.ok(count > 100 && count <= 10_000 / 36, `${count} keys`)
  const large = new KeyOffsets(1000, 10)
  assert.equal(large.isFull, false)
  large.set(Buffer.alloc(3_000_000, 1), 7)
  assert.equal(large.isFull, true)
  assert.equal(large.get(Buffer.alloc(3_000_000, 1)), 7)
})
