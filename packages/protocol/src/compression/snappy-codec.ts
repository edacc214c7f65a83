import { createRequire } from 'node:module'
import { protocolError } from '../errors.ts'
import { nativeModule } from './native-module.ts'
import type { Codec } from './types.ts'

interface Snappy {
  compressSync(bytes: Uint8Array): Buffer
  uncompressSync(bytes: Uint8Array, options: { asBuffer: true }): Buffer
}

const require = createRequire(import.meta.url)
const snappy = nativeModule<Snappy>('snappy', () => require('snappy'))

/** Java wraps raw snappy in the framing of the xerial library: this, two version numbers, then blocks with lengths. */
const magic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const header = Buffer.concat([magic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
const blockBytes = 32 * 1024

/** Writes xerial framing as Java does; reads that and raw snappy, which other clients send. */
export const snappyCodec: Codec = {
  compress(bytes) {
    const parts: Buffer[] = [header]
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const block = snappy().compressSync(bytes.subarray(at, at + blockBytes))
      const length = Buffer.allocUnsafe(4)
      length.writeInt32BE(block.length)
      parts.push(length, block)
    }
    return Buffer.concat(parts)
  },
  decompress(bytes, maxBytes) {
    if (bytes.length < magic.length || magic.compare(bytes, 0, magic.length) !== 0) return raw(bytes, maxBytes)
    const parts: Buffer[] = []
    let total = 0
    for (let at = header.length; at < bytes.length; ) {
      const length = at + 4 <= bytes.length ? bytes.readInt32BE(at) : -1
      if (length < 0 || at + 4 + length > bytes.length) throw damaged()
      const block = raw(bytes.subarray(at + 4, at + 4 + length), maxBytes - total)
      parts.push(block)
      total += block.length
      at += 4 + length
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total)
  },
}

/** Raw snappy states its uncompressed length first, so that a bomb is seen before it goes off. */
function raw(bytes: Buffer, maxBytes: number): Buffer {
  const length = announcedLength(bytes)
  if (length > maxBytes) {
    const message = `a snappy batch decompresses to ${length} bytes where ${maxBytes} are allowed`
    throw protocolError('PROTOCOL_BATCH_TOO_LARGE', message, { maxBytes })
  }
  const codec = snappy()
  try {
    return codec.uncompressSync(bytes, { asBuffer: true })
  } catch (error) {
    throw damaged(error)
  }
}

function announcedLength(bytes: Buffer): number {
  let length = 0
  for (let index = 0; index < 5 && index < bytes.length; index++) {
    const byte = bytes[index]!
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw damaged()
}

function damaged(cause?: unknown): Error {
  return protocolError('PROTOCOL_MALFORMED', 'a snappy batch does not decompress', {}, cause)
}
