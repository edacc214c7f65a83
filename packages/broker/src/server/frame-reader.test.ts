import assert from 'node:assert/strict'
import test from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FrameReader } from './frame-reader.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const mebi = 1024 * 1024

function framesOf(chunks: Iterable<Buffer>): { frames: Buffer[]; reader: FrameReader } {
  const frames: Buffer[] = []
  const reader = new FrameReader(
    100 * mebi,
    (frame) => frames.push(frame),
    (bytes) => Buffer.allocUnsafeSlow(bytes),
  )
  for (const chunk of chunks) reader.push(chunk)
  return { frames, reader }
}

function* cut(bytes: Buffer, sizes: readonly number[]): Iterable<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length]!
    yield bytes.subarray(at, at + size)
    at += size
  }
}

test('frames come out as they went in, however they are cut', () => {
  const lengths = [1, 5, 2048, 70_000, mebi, mebi + 1, 3 * mebi + 17, 9]
  const contents = lengths.map((length, index) => Buffer.from(Uint8Array.from({ length }, (_, at) => at * 7 + index)))
  const stream = Buffer.concat(
    contents.flatMap((content) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(content.length)
      return [length, content]
    }),
  )
  for (const sizes of [[65_536], [1, 3, 65_536], [999_983], [stream.length], [7, 13, 4096]]) {
    const { frames, reader } = framesOf(cut(stream, sizes))
    assert.deepEqual(
      frames.map((frame, index) => frame.equals(contents[index]!)),
      contents.map(() => true),
      `cut to ${sizes}`,
    )
    assert.equal(reader.isMidFrame, false)
    assert.equal(reader.pendingBytes, 0)
  }
})

test('a large frame in pieces of a byte holds about as much memory as has arrived', () => {
  const length = Buffer.alloc(4)
  length.writeInt32BE(100 * mebi)
  // A chunk as the socket gives it: memory of its own for every byte.
  function* bytes(): Iterable<Buffer> {
    yield length
    for (let index = 0; index < 100_000; index++) yield Buffer.allocUnsafeSlow(1)
  }
  collect()
  const before = process.memoryUsage()
  const { reader } = framesOf(bytes())
  collect()
  const after = process.memoryUsage()
  assert.equal(reader.pendingBytes, 100_000)
  const held = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  assert.ok(held < 2 * mebi, `${held} bytes held`)
})
