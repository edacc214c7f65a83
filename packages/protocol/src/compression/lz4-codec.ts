import { createRequire } from 'node:module'
import { protocolError } from '../errors.ts'
import { nativeModule } from './native-module.ts'
import type { Codec } from './types.ts'

interface Lz4 {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

const require = createRequire(import.meta.url)
const lz4 = nativeModule<Lz4>('lz4', () => require('lz4-napi'))

const frameMagic = 0x184d2204
/** The format's own best case: what bounds a short block more tightly than the block size does. */
const maxExpansion = 255

/** The LZ4 frame format, as KIP-57 fixed it for magic 1 and later. */
export const lz4Codec: Codec = {
  compress: (bytes) => lz4().compressFrameSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
  decompress(bytes, maxBytes) {
    const frame = measureFrame(bytes)
    if (frame.maxOutputBytes > maxBytes) {
      const message = `an lz4 batch may decompress to ${frame.maxOutputBytes} bytes where ${maxBytes} are allowed`
      throw protocolError('PROTOCOL_BATCH_TOO_LARGE', message, { maxBytes })
    }
    const codec = lz4()
    try {
      return codec.decompressFrameSync(bytes.subarray(0, frame.sizeInBytes))
    } catch (error) {
      throw damaged(error)
    }
  },
}

/**
 * Walks the blocks without decompressing: the library takes no limit of its own, so the most that the frame can become
 * is known before it is asked.
 */
function measureFrame(bytes: Buffer): { sizeInBytes: number; maxOutputBytes: number } {
  if (bytes.length < 7 || bytes.readUInt32LE(0) !== frameMagic) throw damaged()
  const flags = bytes[4]!
  const blockMaxBytes = 2 ** (8 + 2 * ((bytes[5]! >> 4) & 7))
  const blockChecksumBytes = flags & 0x10 ? 4 : 0
  let at = 7 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0)
  let maxOutputBytes = 0
  while (at + 4 <= bytes.length) {
    const word = bytes.readUInt32LE(at)
    at += 4
    if (word === 0) return { sizeInBytes: Math.min(bytes.length, at + (flags & 0x04 ? 4 : 0)), maxOutputBytes }
    const length = word & 0x7fffffff
    const isStored = word > 0x7fffffff
    maxOutputBytes += isStored ? length : Math.min(blockMaxBytes, length * maxExpansion)
    at += length + blockChecksumBytes
  }
  throw damaged()
}

function damaged(cause?: unknown): Error {
  return protocolError('PROTOCOL_MALFORMED', 'an lz4 batch does not decompress', {}, cause)
}
