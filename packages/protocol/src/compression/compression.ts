import { protocolError } from '../errors.ts'
import { lz4Codec } from './lz4-codec.ts'
import { snappyCodec } from './snappy-codec.ts'
import { type Codec, type CompressionType, compressionTypes } from './types.ts'
import { gzipCodec, zstdCodec } from './zlib-codecs.ts'

const codecs: Readonly<Record<Exclude<CompressionType, 'none'>, Codec>> = {
  gzip: gzipCodec,
  snappy: snappyCodec,
  lz4: lz4Codec,
  zstd: zstdCodec,
}

function codecByCode(code: number): Codec {
  const type = compressionTypes[code]
  if (type && type !== 'none') return codecs[type]
  throw protocolError('PROTOCOL_UNSUPPORTED_COMPRESSION', `compression code ${code} is unknown`, { code })
}

/** Compresses the records of a batch as Kafka's Java clients do; `none` returns the bytes themselves. */
export function compress(type: CompressionType, bytes: Buffer, level?: number): Buffer {
  return type === 'none' ? bytes : codecs[type].compress(bytes, level)
}

/** Undoes `compress` by the code in a batch's attributes. */
export function decompress(code: number, bytes: Buffer, maxBytes: number): Buffer {
  return code === 0 ? bytes : codecByCode(code).decompress(bytes, maxBytes)
}
