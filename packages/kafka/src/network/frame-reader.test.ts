import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader } from './frame-reader.ts'

function framed(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(frame.length)
      return [length, frame]
    }),
  )
}

test('frames come out whole, however the stream is cut and wherever the socket puts it', () => {
  const sizes = fc.array(fc.oneof(fc.nat({ max: 20 }), fc.integer({ min: 60_000, max: 300_000 })), { maxLength: 6 })
  fc.assert(
    fc.property(
      sizes,
      fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 1 }),
      fc.boolean(),
      (lengths, cuts, direct) => {
        const frames = lengths.map((length, index) => Buffer.alloc(length, index + 1))
        const stream = framed(frames)
        const out: Buffer[] = []
        const reader = new FrameReader(1_000_000, (frame) => out.push(frame))
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const target = reader.target()
          const wanted = cuts[turn % cuts.length] as number
          const bytes = stream.subarray(at, at + (direct ? Math.min(wanted, target.length) : wanted))
          at += bytes.length
          if (!direct) {
            reader.push(bytes)
            continue
          }
          bytes.copy(target)
          reader.push(target.subarray(0, bytes.length))
        }
        assert.equal(out.length, frames.length)
        for (const [index, frame] of frames.entries()) assert.ok(frame.equals(out[index] as Buffer))
      },
    ),
    { numRuns: 60 },
  )
})

test('a frame over the limit or of negative length is refused before memory is taken', () => {
  const reader = (): FrameReader => new FrameReader(100, () => {})
  assert.throws(() => reader().push(Buffer.from([0, 0, 0, 101])), RangeError)
  assert.throws(() => reader().push(Buffer.from('HTTP/1.1 400')), RangeError)
  assert.throws(() => reader().push(Buffer.from([0xff, 0xff, 0xff, 0xff])), RangeError)
})
