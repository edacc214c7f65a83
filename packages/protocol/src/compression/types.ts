export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** In the order of the codes in a batch's attributes. */
export const compressionTypes: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** What one batch may decompress to unless told otherwise: a bomb must not take the process down. */
export const defaultMaxDecompressedBytes = 64 * 1024 * 1024

export interface Codec {
  /** `level` as the codec counts it; codecs without levels do not look at it. */
  compress(bytes: Uint8Array, level?: number): Buffer
  /** Throws PROTOCOL_MALFORMED for damaged input, PROTOCOL_BATCH_TOO_LARGE beyond `maxBytes`. */
  decompress(bytes: Buffer, maxBytes: number): Buffer
}
