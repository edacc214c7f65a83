import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Random, randomInt, seededRandom } from '@millrace/base'
import { FrameReader } from '../../src/server/frame-reader.ts'

const maxFrameBytes = 3_000_000

function framed(random: Random): Buffer {
  // Around the sizes where the reader changes how it keeps a frame.
  const sizes = [1, 3, 100, 2_047, 2_049, 70_000, 1_048_576, 1_048_577, 2_000_000]
  const frame = Buffer.alloc(
    4 + sizes[randomInt(random, random.next() < 0.9 ? 6 : sizes.length)]!,
    randomInt(random, 256),
  )
  frame.writeInt32BE(frame.length - 4, 0)
  return frame
}

/** The stream in pieces of any size, a byte at a time included. */
function* pieces(stream: Buffer, random: Random): Iterable<Buffer> {
  for (let at = 0; at < stream.length; ) {
    const size = 1 + randomInt(random, [1, 5, 3_000, 65_536, stream.length][randomInt(random, 5)]!)
    // A socket's memory is used again when the data event is over.
    yield Buffer.from(stream.subarray(at, at + size))
    at += size
  }
}

test('a stream gives the same frames however it is cut', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = seededRandom(seed)
    const sent = Array.from({ length: 1 + randomInt(random, 8) }, () => framed(random))
    const got: Buffer[] = []
    const reader = new FrameReader(
      maxFrameBytes,
      (frame) => got.push(Buffer.from(frame)),
      (bytes) => Buffer.alloc(bytes),
    )
    for (const piece of pieces(Buffer.concat(sent), random)) reader.push(piece)
    assert.equal(reader.pendingBytes, 0, `seed ${seed}`)
    assert.ok(Buffer.concat(got).equals(Buffer.concat(sent.map((one) => one.subarray(4)))), `seed ${seed}`)
    assert.deepEqual(
      got.map(({ length }) => length),
      sent.map(({ length }) => length - 4),
    )
  }
})

test('a length that lies is refused, and one that promises much takes no memory before it comes', () => {
  let allocated = 0
  const reader = (): FrameReader =>
    new FrameReader(
      2 ** 31 - 1,
      () => {},
      (bytes) => {
        allocated += bytes
        return Buffer.alloc(bytes)
      },
    )
  for (const length of [0, -1, -(2 ** 31)]) {
    const lie = Buffer.alloc(4)
    lie.writeInt32BE(length)
    assert.throws(() => reader().push(lie), { code: 'BROKER_REQUEST_INVALID' })
  }
  const promise = Buffer.alloc(1_004)
  promise.writeInt32BE(2 ** 31 - 1)
  const patient = reader()
  patient.push(promise)
  assert.equal(patient.pendingBytes, 1_000)
  assert.ok(allocated <= 1_048_576, `${allocated} bytes`)
})
