import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { protocolError } from '../errors.ts'
import type { Codec } from './types.ts'

/** gzip and zstd are Node's own. */
export const gzipCodec: Codec = {
  compress: (bytes, level) => gzipSync(bytes, level === undefined ? {} : { level }),
  decompress: (bytes, maxBytes) => bounded('gzip', () => gunzipSync(bytes, { maxOutputLength: maxBytes }), maxBytes),
}

export const zstdCodec: Codec = {
  compress: (bytes, level) =>
    zstdCompressSync(bytes, level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } }),
  decompress: (bytes, maxBytes) =>
    bounded('zstd', () => zstdDecompressSync(bytes, { maxOutputLength: maxBytes }), maxBytes),
}

function bounded(name: string, run: () => Buffer, maxBytes: number): Buffer {
  try {
    return run()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      const message = `a ${name} batch decompresses to more than ${maxBytes} bytes`
      throw protocolError('PROTOCOL_BATCH_TOO_LARGE', message, { maxBytes })
    }
    throw protocolError('PROTOCOL_MALFORMED', `a ${name} batch does not decompress`, {}, error)
  }
}
