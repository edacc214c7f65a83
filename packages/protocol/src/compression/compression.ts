import { protocolError } from '../errors.ts'
import { type Codec, type CompressionType, compressionTypes } from './types.ts'
import { gzipCodec, zstdCodec } from './zlib-codecs.ts'

const codecs: Readonly<Partial<Record<CompressionType, Codec>>> = { gzip: gzipCodec, zstd: zstdCodec }

function codecOf(type: CompressionType | undefined, code: number): Codec {
  const codec = type && codecs[type]
  if (codec) return codec
  throw protocolError('PROTOCOL_UNSUPPORTED_COMPRESSION', `compression ${type ?? code} is not supported`, { code })
}

/** Compresses the records of a batch as Kafka's Java clients do; `none` returns the bytes themselves. */
export function compress(type: CompressionType, bytes: Buffer): Buffer {
  return type === 'none' ? bytes : codecOf(type, compressionTypes.indexOf(type)).compress(bytes)
}

/** Undoes `compress` by the code in a batch's attributes. */
export function decompress(code: number, bytes: Buffer, maxBytes: number): Buffer {
  return code === 0 ? bytes : codecOf(compressionTypes[code], code).decompress(bytes, maxBytes)
}
